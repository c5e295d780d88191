import { readFileSync, readlinkSync } from "node:fs";
import { runEnvironment } from "./output/apply-environment.ts";
import type { Marked } from "./proc-tree.ts";

/**
 * Whether the program of a run has begun, which behind walls takes its time on a busy host: what stands before it has its
 * environment open still (output/launcher.ts), or is root's, as the walls are.
 */
export function hasBegun({ app, cgroup }: Marked): boolean {
  if (app === undefined) return false;
  if (cgroup === undefined) return !holdsEnvironment(app.pid);
  return cgroup.members().some((pid) => (userOf(pid) ?? 0) !== 0 && !holdsEnvironment(pid));
}

/** A file that was removed, of which the path is told still. */
function holdsEnvironment(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/fd/${runEnvironment}`).includes("/env");
  } catch {
    return false;
  }
}

/** Its user, by number; undefined when it has ended. The owner of its directory does not tell: that is root before an exec. */
function userOf(pid: number): number | undefined {
  try {
    const found = /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
    return found === undefined ? undefined : Number(found);
  } catch {
    return undefined;
  }
}
