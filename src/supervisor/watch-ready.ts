import type { Clock } from "#sys/clock.ts";
import { after } from "./after.ts";
import { untilListening } from "./ready.ts";
import type { Run } from "./run.ts";
import type { Door } from "./walls/door.ts";

/**
 * Watches a run until it is up: it listens, or stays up for `stayUp` ms where it has nothing to listen on. Says so, with its
 * address, or that its start timeout (s) is over; nothing once the signal is aborted.
 */
export function watchReady(
  run: Run,
  stayUp: number,
  clock: Clock,
  signal: AbortSignal,
  door: Door | undefined,
  on: { readonly ready: (address: string | null) => void; readonly late: (seconds: number) => void },
): void {
  const { listens, startTimeout } = run.about;
  if (listens === null) return void after(clock, stayUp, signal, () => on.ready(null));
  void after(clock, startTimeout * 1000, signal, () => on.late(startTimeout));
  void findAddress(run, clock, signal, door, on.ready);
}

/** Calls back with where it accepts, unless the signal is aborted first or it does not listen at all. */
export async function findAddress(
  run: Run,
  clock: Clock,
  signal: AbortSignal,
  door: Door | undefined,
  found: (address: string) => void,
): Promise<void> {
  const { listens } = run.about;
  if (listens === null) return;
  const address = await untilListening(listens, () => run.marked, clock, signal, door).catch(() => undefined);
  if (address !== undefined && !signal.aborted) found(address);
}
