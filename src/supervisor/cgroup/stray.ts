import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Layout } from "#core/layout.ts";
import type { Clock } from "#sys/clock.ts";
import { listCgroups, makeCgroup } from "./cgroup.ts";
import type { CgroupTree } from "./detect.ts";
import { isGroup } from "./groups.ts";

/** Ends what a dead supervisor left in cgroups that no run's directory stands for: nobody could answer for it. */
export async function endStrays(tree: CgroupTree, layout: Layout, clock: Clock): Promise<void> {
  const runs = new Set(
    ["instances", "services"].flatMap((kind) =>
      names(join(layout.supervisor, kind)).flatMap((id) => names(join(layout.supervisor, kind, id))),
    ),
  );
  // A session's is named by its mark, as its note is (sessions.ts, which ends those that nobody is at any more).
  for (const file of names(join(layout.supervisor, "sessions"))) runs.add(`run-${file.replace(/\.json$/, "")}`);
  const end = async (...parts: readonly string[]): Promise<void> => {
    const cgroup = makeCgroup(tree, parts);
    await cgroup.kill(clock);
    await cgroup.remove(clock);
  };
  const below = (...parts: readonly string[]) => listCgroups(tree, parts);
  for (const name of below("services")) if (!runs.has(name)) await end("services", name);
  for (const uid of below("apps")) {
    for (const name of below("apps", uid)) {
      const inside = isGroup(name) ? below("apps", uid, name) : [];
      for (const run of inside) if (!runs.has(run)) await end("apps", uid, name, run);
      // Runs of a supervisor of an earlier version are in no group.
      if (!runs.has(name) && !inside.some((run) => runs.has(run))) await end("apps", uid, name);
    }
  }
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
