/** Memory and CPU of processes, from /proc. */
import { readdirSync, readFileSync } from "node:fs";

/** Proportional set size in MB (10^6 bytes): shared pages are counted once over all processes that share them. */
export function pssOf(pid: number): number {
  const kib = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"))?.[1];
  if (kib === undefined) throw new Error(`no Pss of process ${pid}`);
  return (Number(kib) * 1024) / 1e6;
}

/** Seconds on a CPU that its living threads have had; finer than the 10 ms ticks of `stat`. */
export function cpuSecondsOf(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`))
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(" ")[0]);
  return nanoseconds / 1e9;
}

export function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The name before may hold spaces and parentheses.
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

export function argvOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0").slice(0, -1);
}

/** A process and all that descend from it. */
export function treeOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      parents.set(Number(name), parentOf(Number(name)));
    } catch {
      // It has ended.
    }
  }
  const found = [pid];
  // Grows while it is walked: children of children come later.
  for (const parent of found) for (const [child, of] of parents) if (of === parent) found.push(child);
  return found;
}
