/**
 * What instances take, read from /proc only when somebody asks: one pass over all processes of the host, whatever the
 * number of instances, and the same answer for a second. Launchers and pumps are not counted: they are ours.
 */
import { readdirSync, readFileSync } from "node:fs";
import { parseProcStat, type ProcStat } from "./output/proc-stat.ts";
import { ownerOf, type Marked } from "./proc-tree.ts";
import type { InstanceMetrics } from "./protocol.ts";

export type Sampled = { readonly id: string; readonly marked: Marked };

type Usage = { readonly cpuTicks: number; readonly pages: number };

const freshMs = 1000;

/** Asks `instances` and reads /proc at most once a second. */
export function sampler(instances: () => readonly Sampled[], elapsed: () => number): () => readonly InstanceMetrics[] {
  let last: { readonly at: number; readonly metrics: readonly InstanceMetrics[] } | undefined;
  return () => {
    if (last === undefined || elapsed() - last.at >= freshMs) {
      last = { at: elapsed(), metrics: sample(instances()) };
    }
    return last.metrics;
  };
}

export function sample(instances: readonly Sampled[]): InstanceMetrics[] {
  const usage = new Map<number, Usage>();
  const all: ProcStat[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const text = read(`/proc/${name}/stat`);
    const stat = text === undefined ? undefined : parseProcStat(text);
    if (text === undefined || stat === undefined || stat.state === "Z" || stat.state === "X") continue;
    all.push(stat);
    usage.set(stat.pid, usageOf(text));
  }
  const owner = ownerOf(
    instances.map(({ marked }) => marked),
    all,
  );
  const { pageBytes, ticksPerSecond } = hostUnits();
  return instances.map(({ id, marked }) => {
    const pids = all.filter(({ pid }) => owner.get(pid) === marked.mark).map(({ pid }) => pid);
    const sum = (what: keyof Usage) => pids.reduce((total, pid) => total + (usage.get(pid)?.[what] ?? 0), 0);
    return {
      id,
      processes: pids.length,
      cpuSeconds: sum("cpuTicks") / ticksPerSecond,
      memoryBytes: sum("pages") * pageBytes,
      descriptors: pids.reduce((total, pid) => total + descriptorsOf(pid), 0),
    };
  });
}

/** Fields 14 to 17 and 24 of proc(5). Children that have ended count with the parent that has waited for them. */
function usageOf(text: string): Usage {
  const rest = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const number = (field: number) => Number(rest[field - 3] ?? 0);
  return { cpuTicks: number(14) + number(15) + number(16) + number(17), pages: number(24) };
}

function descriptorsOf(pid: number): number {
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
