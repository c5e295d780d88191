/** A bound on the memory of some processes of this host, as the kernel knows it: a control group, of version 1 or 2. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../apps.ts";

export type MemoryGroup = {
  /** Who writes its pid here is in the group, and so are the children it has from then on. */
  readonly processes: string;
  /** How many processes the kernel has ended because the group's memory ended. */
  killed(): number;
  /** To be called when its processes have ended. */
  remove(): Promise<void>;
};

const root = "/sys/fs/cgroup";

/** A group of `bytes` of memory without swap, or the reason why this host gives none. */
export function makeMemoryGroup(bytes: number): MemoryGroup | string {
  const isSecond = existsSync(join(root, "cgroup.controllers"));
  const path = join(root, isSecond ? "" : "memory", `hop3-test-${process.pid}`);
  const [limit, swap, events] = isSecond
    ? (["memory.max", "memory.swap.max", "memory.events"] as const)
    : (["memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.oom_control"] as const);
  try {
    if (!isSecond && !existsSync(join(root, "memory"))) return `${root} has no memory controller`;
    mkdirSync(path);
  } catch (error) {
    return `this host lets us make no control group: ${String(error)}`;
  }
  try {
    writeFileSync(join(path, limit), String(bytes));
    // Of version 1 it is memory and swap together; a kernel without accounting of swap has neither file.
    if (existsSync(join(path, swap))) writeFileSync(join(path, swap), isSecond ? "0" : String(bytes));
  } catch (error) {
    rmdirSync(path);
    return `this host lets us bound no memory: ${String(error)}`;
  }
  return {
    processes: join(path, "cgroup.procs"),
    killed: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(join(path, events), "utf8"))?.[1] ?? 0),
    remove: () =>
      eventually("the control group is empty and gone", () => {
        try {
          rmdirSync(path);
          return true;
        } catch {
          return false;
        }
      }),
  };
}
