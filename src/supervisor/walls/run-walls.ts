import type { CgroupLimits } from "../cgroup/versions.ts";

/** What stands around a run in system mode; in user mode it has none, and starts the same way without. */
export type RunWalls = {
  /** The cgroup (names, never a path) in which the run gets one of its own. */
  readonly above: readonly string[];
  /** What all in that one may take together. */
  readonly whole: CgroupLimits;
  /** What the run may take in its own. */
  readonly limits: CgroupLimits;
  /** What the run's processes may take, also where the limit is that of the whole; null where there is none. */
  readonly most: Pick<CgroupLimits, "memory" | "processes">;
  /** What comes before the command; `joins` are the cgroup's files to enter it by. */
  readonly argv: (joins: readonly string[]) => string[];
};
