/** What differs between the two versions, as data: the names of files, and how a limit and a fact are written in them. */
import type { Controller } from "./detect.ts";

/** Null: no limit. */
export type CgroupLimits = {
  /** Bytes, without swap beside. */
  readonly memory: number | null;
  /** Processors: 1.5 is one and a half. */
  readonly cpu: number | null;
  /** Processes and threads. */
  readonly processes: number | null;
};

export const noLimits: CgroupLimits = { memory: null, cpu: null, processes: null };

export type Write = {
  readonly controller: Controller;
  readonly file: string;
  readonly value: string;
  /** A host without swap accounting lacks the file; without swap it is not needed. */
  readonly optional?: true;
};

export type Fact = {
  readonly controller: Controller | "unified";
  readonly file: string;
  readonly read: (text: string) => number;
};

export type CgroupFacts = {
  /** Bytes in use now, and at most so far; of the present ones, those of files that it read and the kernel may drop. */
  readonly memory: number;
  readonly fileCache: number;
  readonly memoryPeak: number;
  /** How often the kernel ended a process of it because its memory was used up. */
  readonly outOfMemory: number;
  /** Seconds of processor time. */
  readonly cpu: number;
  readonly processes: number;
  /** How often one more process was refused, to it or, as kernels from 6.12 on count, by its own limit. */
  readonly outOfProcesses: number;
};

type Version = {
  readonly limits: (limits: CgroupLimits) => readonly Write[];
  readonly facts: { readonly [F in keyof CgroupFacts]: Fact };
};

/** Microseconds in which a share of the processors is counted. */
const period = 100_000;
const whole = (text: string): number => Number(text.trim());
const field =
  (name: string) =>
  (text: string): number =>
    Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1] ?? 0);

export const versions: Readonly<Record<1 | 2, Version>> = {
  1: {
    limits: ({ memory, cpu, processes }) => {
      const bytes = memory === null ? "-1" : String(memory);
      const quota = cpu === null ? "-1" : String(Math.max(1000, Math.round(cpu * period)));
      return [
        { controller: "memory", file: "memory.limit_in_bytes", value: bytes },
        { controller: "memory", file: "memory.memsw.limit_in_bytes", value: bytes, optional: true },
        { controller: "cpu", file: "cpu.cfs_period_us", value: String(period) },
        { controller: "cpu", file: "cpu.cfs_quota_us", value: quota },
        { controller: "pids", file: "pids.max", value: processes === null ? "max" : String(processes) },
      ];
    },
    facts: {
      memory: { controller: "memory", file: "memory.usage_in_bytes", read: whole },
      fileCache: { controller: "memory", file: "memory.stat", read: field("total_inactive_file") },
      memoryPeak: { controller: "memory", file: "memory.max_usage_in_bytes", read: whole },
      outOfMemory: { controller: "memory", file: "memory.oom_control", read: field("oom_kill") },
      // The tree of version 2 beside counts it without a controller; where `cpuacct` lies differs from host to host.
      cpu: { controller: "unified", file: "cpu.stat", read: (text) => field("usage_usec")(text) / 1e6 },
      processes: { controller: "pids", file: "pids.current", read: whole },
      outOfProcesses: { controller: "pids", file: "pids.events", read: field("max") },
    },
  },
  2: {
    limits: ({ memory, cpu, processes }) => [
      { controller: "memory", file: "memory.max", value: memory === null ? "max" : String(memory) },
      {
        controller: "memory",
        file: "memory.swap.max",
        value: memory === null ? "max" : "0",
        optional: true,
      },
      {
        controller: "cpu",
        file: "cpu.max",
        value: `${cpu === null ? "max" : Math.max(1000, Math.round(cpu * period))} ${period}`,
      },
      { controller: "pids", file: "pids.max", value: processes === null ? "max" : String(processes) },
    ],
    facts: {
      memory: { controller: "memory", file: "memory.current", read: whole },
      fileCache: { controller: "memory", file: "memory.stat", read: field("inactive_file") },
      memoryPeak: { controller: "memory", file: "memory.peak", read: whole },
      outOfMemory: { controller: "memory", file: "memory.events", read: field("oom_kill") },
      cpu: { controller: "cpu", file: "cpu.stat", read: (text) => field("usage_usec")(text) / 1e6 },
      processes: { controller: "pids", file: "pids.current", read: whole },
      outOfProcesses: { controller: "pids", file: "pids.events", read: field("max") },
    },
  },
};
