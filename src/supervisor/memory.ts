import { readFileSync } from "node:fs";

/** Of the host, in kB. */
export type Memory = { readonly total: number; readonly available: number };

/** The part that must be available before anything is kept that nobody asks for. */
const spare = 0.15;

export function hasRoom({ total, available }: Memory): boolean {
  return available >= total * spare;
}

/** None is available where the kernel does not tell. */
export function readMemory(): Memory {
  const text = readFileSync("/proc/meminfo", "latin1");
  const found = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1] ?? 0);
  return { total: Math.max(1, found("MemTotal")), available: found("MemAvailable") };
}
