import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "#sys/clock.ts";

/** The clock of the running daemon; its own, for the daemon imports no code from `sys`. */
export const wallClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }),
};
