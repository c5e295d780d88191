import type { Clock } from "#sys/clock.ts";
import { after } from "./after.ts";
import { hasBegun } from "./has-begun.ts";
import { untilListening } from "./ready.ts";
import type { Run } from "./run.ts";
import type { Door } from "./walls/door.ts";

/** Between two looks whether its program has begun. */
const lookMs = 20;

/**
 * Watches a run until it is up: it listens, or stays up for `stayUp` ms from when its program has begun where it has nothing
 * to listen on. Says so, with its address, or that its start timeout (s) is over; nothing once the signal is aborted.
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
  const begun = new AbortController();
  const waiting = AbortSignal.any([signal, begun.signal]);
  void after(clock, startTimeout * 1000, waiting, () => on.late(startTimeout));
  if (listens === null) {
    return void untilBegun(run, clock, signal).then(
      () => {
        begun.abort();
        return after(clock, stayUp, signal, () => on.ready(null));
      },
      () => undefined,
    );
  }
  void findAddress(run, clock, signal, door, on.ready);
}

async function untilBegun(run: Run, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!hasBegun(run.marked)) await clock.sleep(lookMs, signal);
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
