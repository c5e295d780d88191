/** What a Supervised is handed: what to run, and who does what is not its own. */
import { availableParallelism } from "node:os";
import type { RestartPolicy } from "#core/records.ts";
import type { Clock } from "#sys/clock.ts";
import type { Over } from "./desired.ts";
import type { Fence } from "./fence.ts";
import type { RunContext, Start } from "./run.ts";
import type { StartTurns } from "./start-turns.ts";
import type { Door } from "./walls/door.ts";

export type Timing = {
  /** First wait after a crash; doubles up to `backoffMax`. Milliseconds, as all here but the counts. */
  readonly backoffFirst: number;
  readonly backoffMax: number;
  /** After so long in service a crash counts as the first again. */
  readonly backoffReset: number;
  /** Restarts in a row, after which an app's process is given up. */
  readonly restartsMax: number;
  /** The waits of Caddy and hop3d, which are never given up. */
  readonly serviceFirst: number;
  readonly serviceMax: number;
  /** Starts of apps' processes at a time; how long one keeps its place, and one that fails at least (start-turns.ts). */
  readonly startsAtOnce: number;
  readonly startHold: number;
  readonly startLeast: number;
  /** What does not listen is ready after this uptime. */
  readonly stayUp: number;
  /** Between two looks whether an app has made its socket anew. */
  readonly doorLook: number;
  /** Between two looks whether there is memory for what is kept warm. */
  readonly warmLook: number;
};

export const defaultTiming: Timing = {
  backoffFirst: 10_000,
  backoffMax: 300_000,
  backoffReset: 60_000,
  restartsMax: 10,
  serviceFirst: 1000,
  serviceMax: 60_000,
  startsAtOnce: Math.max(4, 4 * availableParallelism()),
  startHold: 2000,
  startLeast: 1000,
  stayUp: 1000,
  doorLook: 1000,
  warmLook: 5000,
};

export type SupervisedOptions = {
  readonly id: string;
  /** Holds a directory for each run. */
  readonly directory: string;
  readonly clock: Clock;
  readonly timing: Timing;
  readonly run: RunContext;
  /** What to run now; asked before each start. It may throw, which counts as a failed start. */
  readonly prepare: () => Promise<Start>;
  /** In system mode: where its socket is dialed. */
  readonly door?: Door | undefined;
  /** Rewrites the slots from the states as they are; never throws. */
  readonly slots: () => void;
  /** Its policy as it is now; asked when it has ended. */
  readonly policy: () => RestartPolicy;
  /** Its starts wait for a turn; without, they never do. */
  readonly turns?: StartTurns;
  /** Writes down that it is over and not to be started again; never throws. */
  readonly noteOver?: (over: Over) => void;
  /** For what may be kept warm: whether there is memory for it, and the writing down that it is kept, which may throw. */
  readonly warmth?: { readonly hasRoom: () => boolean; readonly kept: () => void };
  /** Nothing of it is left. */
  readonly forget: () => void;
  /** The state or another shown fact has changed. */
  readonly changed: () => void;
  readonly log: (message: string, fields: Readonly<Record<string, string | number>>) => void;
  /** Passed before each look at the connections of one that leaves. */
  readonly fence: Fence;
  readonly fault: (point: string) => void;
};
