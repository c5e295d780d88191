import type { Clock } from "#sys/clock.ts";
import type { Cgroup } from "./cgroup/cgroup.ts";
import type { RunWalls } from "./walls/run-walls.ts";

/** What stands around one run: its own cgroup, and what comes before its command. */
export type Enclosed = { readonly cgroup: Cgroup; readonly argv: readonly string[] };

/** Makes the cgroup `name` of one run, with its limits, in that of its group; nothing is left of it when these cannot be set. */
export function enclose(
  system: { cgroup(parts: readonly string[]): Cgroup } | undefined,
  { above, whole, limits, argv }: RunWalls,
  name: string,
  clock: Clock,
): Enclosed {
  if (system === undefined) throw new Error("walls are of system mode");
  // Before there is anything in it; its limits are the same at each start.
  system.cgroup(above).limit(whole);
  const cgroup = system.cgroup([...above, name]);
  try {
    cgroup.limit(limits);
    return { cgroup, argv: argv(cgroup.joins) };
  } catch (error) {
    void cgroup.remove(clock);
    throw error;
  }
}
