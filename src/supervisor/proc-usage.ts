/** What processes take, by /proc: the way of user mode, and of hosts whose cgroups do not count. */
import { readdirSync, readFileSync } from "node:fs";
import { parseProcStat, type ProcIdentity, type ProcStat } from "./output/proc-stat.ts";
import { ownerOf, type Marked } from "./proc-tree.ts";
import type { Usage } from "./protocol.ts";

type OneProcess = { readonly stat: ProcStat; readonly cpuTicks: number; readonly pages: number };

/**
 * Of the whole trees, in one pass over all processes of the host, by mark. Launchers and pumps are not counted: they are
 * ours.
 */
export function usageOfTrees(instances: readonly Marked[]): (marked: Marked) => Usage {
  const all = instances.length === 0 ? [] : readdirSync("/proc").flatMap((name) => readOne(name) ?? []);
  const owner = ownerOf(
    instances,
    all.map(({ stat }) => stat),
  );
  const trees = Map.groupBy(all, ({ stat }) => owner.get(stat.pid) ?? "");
  return ({ mark }) => sumOf(trees.get(mark) ?? []);
}

/** Of this very process, without what it has started. */
export function ownUsage(): Usage & { readonly uptimeSeconds: number | null } {
  const own = readOne("self");
  const identity = own === undefined ? undefined : { pid: own.stat.pid, startTime: own.stat.startTime };
  return { ...sumOf(own === undefined ? [] : [own]), uptimeSeconds: uptimeOf(identity) };
}

/** Seconds since it started, whatever the clock is set to; null when it is not known. */
export function uptimeOf(process: ProcIdentity | undefined): number | null {
  const up = Number(read("/proc/uptime")?.split(" ")[0] ?? NaN);
  if (process === undefined || Number.isNaN(up)) return null;
  return Math.max(0, up - process.startTime / hostUnits().ticksPerSecond);
}

export function descriptorsOf(pids: readonly number[]): number {
  return pids.reduce((total, pid) => total + filesOf(pid), 0);
}

function sumOf(processes: readonly OneProcess[]): Usage {
  const { pageBytes, ticksPerSecond } = hostUnits();
  const sum = (what: "cpuTicks" | "pages") => processes.reduce((total, one) => total + one[what], 0);
  return {
    processes: processes.length,
    cpuSeconds: sum("cpuTicks") / ticksPerSecond,
    memoryBytes: sum("pages") * pageBytes,
    descriptors: descriptorsOf(processes.map(({ stat }) => stat.pid)),
  };
}

/** Fields 14 to 17 and 24 of proc(5). Children that have ended count with the parent that has waited for them. */
function readOne(name: string): OneProcess | undefined {
  const text = /^(\d+|self)$/.test(name) ? read(`/proc/${name}/stat`) : undefined;
  const stat = text === undefined ? undefined : parseProcStat(text);
  if (text === undefined || stat === undefined || stat.state === "Z" || stat.state === "X") return undefined;
  const rest = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const number = (field: number) => Number(rest[field - 3] ?? 0);
  return { stat, cpuTicks: number(14) + number(15) + number(16) + number(17), pages: number(24) };
}

function filesOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0; // it has just ended
  }
}

/** What the kernel told this process at its start (getauxval(3)): entries of two words. */
function hostUnits(): { readonly pageBytes: number; readonly ticksPerSecond: number } {
  const found = { pageBytes: 4096, ticksPerSecond: 100 };
  const words = readFileSync("/proc/self/auxv");
  for (let at = 0; at + 16 <= words.length; at += 16) {
    const key = words.readBigUInt64LE(at);
    if (key === 6n) found.pageBytes = Number(words.readBigUInt64LE(at + 8));
    if (key === 17n) found.ticksPerSecond = Number(words.readBigUInt64LE(at + 8));
  }
  return found;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}
