import type { Clock } from "#sys/clock.ts";

/** Calls back after `ms`, unless the signal is aborted first. Never rejects, unless the callback throws. */
export async function after(clock: Clock, ms: number, signal: AbortSignal, then: () => void): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch {
    return;
  }
  then();
}
