import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Layout } from "#core/layout.ts";
import type { Clock } from "#sys/clock.ts";
import { listCgroups, makeCgroup } from "./cgroup.ts";
import type { CgroupTree } from "./detect.ts";

/** Ends what a dead supervisor left in cgroups that no run's directory stands for: nobody could answer for it. */
export async function endStrays(tree: CgroupTree, layout: Layout, clock: Clock): Promise<void> {
  const runs = new Set(
    ["instances", "services"].flatMap((kind) =>
      names(join(layout.supervisor, kind)).flatMap((id) => names(join(layout.supervisor, kind, id))),
    ),
  );
  const parents = [["services"], ...listCgroups(tree, ["apps"]).map((uid) => ["apps", uid])];
  for (const parent of parents) {
    for (const name of listCgroups(tree, parent)) {
      if (runs.has(name)) continue;
      const cgroup = makeCgroup(tree, [...parent, name]);
      await cgroup.kill(clock);
      await cgroup.remove(clock);
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
