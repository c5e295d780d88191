import { setTimeout as delay } from "node:timers/promises";

/** Time as an argument: what depends on it is handed a Clock and can be tested without waiting. */
export type Clock = {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from some point on that is nobody's to set: for how long something takes, where `now` may jump. */
  elapsed(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
};

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }),
};
