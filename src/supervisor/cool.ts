import type { Clock } from "#sys/clock.ts";

/**
 * When what is kept until `until` (ms since the epoch; null: it is not) goes, as `clock.elapsed` tells it: whoever sets the
 * clock later makes it stay neither longer nor shorter.
 */
export function warmEnd(until: number | null, clock: Clock): number {
  return clock.elapsed() + (until ?? -Infinity) - clock.now();
}

/**
 * Resolves true when the time of what is kept is over, or there is no room for it any more; false when the signal is
 * aborted first. By what was waited, in milliseconds: a clock that is set back makes it no longer.
 */
export async function untilCool(
  time: { readonly left: number; readonly look: number },
  hasRoom: (() => boolean) | undefined,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  for (let { left } = time; left > 0 && hasRoom?.() === true; left -= time.look) {
    await clock.sleep(Math.min(left, time.look), signal).catch(() => undefined);
    if (signal.aborted) return false;
  }
  return true;
}
