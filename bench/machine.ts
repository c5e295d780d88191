/** Where a figure was measured: without it the figure says nothing. */
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";

export type Machine = {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  /** Of the last minute, before the run: more than the bench's own work means that others used the machine. */
  readonly load: number;
  readonly date: string;
};

export function thisMachine(): Machine {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? "unknown",
    memoryGb: Math.round(totalmem() / 1e9),
    kernel: release(),
    node: process.version,
    load: loadavg()[0] ?? 0,
    date: new Date().toISOString().slice(0, 10),
  };
}

export function machineLine({ cores, cpu, memoryGb, kernel, node, load, date }: Machine): string {
  return `${date}, ${cores} cores (${cpu}), ${memoryGb} GB, Linux ${kernel}, Node ${node}, load before ${load.toFixed(2)}`;
}
