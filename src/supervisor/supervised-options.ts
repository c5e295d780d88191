/** What a Supervised is handed: what to run, and who does what is not its own. */
import type { Clock } from "#sys/clock.ts";
import type { Fence } from "./fence.ts";
import type { RunContext, Start } from "./run.ts";

export type Timing = {
  /** First wait after a crash; doubles up to `backoffMax`. Milliseconds. */
  readonly backoffFirst: number;
  readonly backoffMax: number;
  /** Uptime after which a crash counts as the first again. */
  readonly backoffReset: number;
  /** What does not listen is ready after this uptime. */
  readonly stayUp: number;
  /** Between two looks whether there is memory for what is kept warm. */
  readonly warmLook: number;
};

export const defaultTiming: Timing = {
  backoffFirst: 1000,
  backoffMax: 60_000,
  backoffReset: 60_000,
  stayUp: 1000,
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
  /** In system mode: opens the socket to the edge. Throws when it is not one to be served. */
  readonly offer?: (() => void) | undefined;
  /** Rewrites the slots from the states as they are; never throws. */
  readonly slots: () => void;
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
