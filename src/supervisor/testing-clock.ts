/** For tests: the real clock, which can leap. What sleeps is woken as if the time had passed. */
import { wallClock } from "./clock.ts";
import type { Clock } from "#sys/clock.ts";

export type LeapingClock = Clock & {
  /** So many milliseconds pass at once. */
  leap(ms: number): void;
  /** Somebody sets the clock by so many milliseconds; no time passes. */
  set(ms: number): void;
};

/** Shows `start` (milliseconds since the epoch) now. */
export function leapingClock(start: number): LeapingClock {
  const began = performance.now();
  let passed = 0;
  let shifted = 0;
  const elapsed = (): number => performance.now() - began + passed;
  const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>();
  return {
    elapsed,
    now: () => start + Math.floor(elapsed()) + shifted,
    async sleep(ms, signal) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const sleeper = { until: elapsed() + ms, wake: resolve };
      sleepers.add(sleeper);
      const awake = new AbortController();
      const ended = signal === undefined ? awake.signal : AbortSignal.any([signal, awake.signal]);
      try {
        await Promise.race([promise, wallClock.sleep(ms, ended)]);
      } finally {
        sleepers.delete(sleeper);
        awake.abort();
      }
    },
    leap(ms) {
      passed += ms;
      for (const sleeper of sleepers) if (sleeper.until <= elapsed()) sleeper.wake();
    },
    set: (ms) => void (shifted += ms),
  };
}
