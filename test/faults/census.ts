/** Who runs, told from /proc: every process of a platform is one of those that the matrix may kill, or a neighbour's. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readProcStat } from "#supervisor/output/proc-stat.ts";
import { markName } from "#supervisor/proc-tree.ts";
import { processesOf, type RunningPlatform } from "../e2e/platform.ts";
import type { Victim } from "./kills.ts";

/** The pid to kill of each that runs: the first of its own processes, not the shell that only waits for it. */
export type Census = Readonly<Partial<Record<Victim, number>>>;

/** `old` is the release whose instances served before; null for none. Fails when a process belongs to nobody. */
export async function census(platform: RunningPlatform, app: string, old: number | null): Promise<Census> {
  const { apps, services } = await platform.supervisor.call("status", {});
  const instances = apps.flatMap((each) => each.instances.map((one) => ({ ...one, app: each.app })));
  const jobs = new Set(
    readdirSync(join(platform.layout.supervisor, "jobs")).map((file) => file.replace(/\.json$/, "")),
  );
  const ofJobs: number[] = [];
  const found: Partial<Record<Victim, number>> = {};
  for (const pid of await processesOf(platform.base)) {
    const [mark, command] = [markOf(pid), read(pid, "cmdline")];
    const service = services.find(({ name }) => mark?.startsWith(`${name}-`));
    const instance = instances.find(({ id }) => id === mark);
    if (command === "") continue; // it has just ended
    else if (service !== undefined) found[service.name] = service.pid ?? pid;
    else if (mark !== undefined && jobs.has(mark)) ofJobs.push(pid);
    else if (instance?.app === app) found[instance.release === old ? "old" : "new"] = instance.pid ?? pid;
    else if (mark === undefined && command.includes("supervisor.ts")) found.supervisor = pid;
    else assert.ok(instance !== undefined, `process ${pid} belongs to nobody: ${command.replaceAll("\0", " ")}`);
  }
  const first = ofJobs.find((pid) => !ofJobs.includes(readProcStat(pid)?.ppid ?? 0));
  return first === undefined ? found : { ...found, job: first };
}

function markOf(pid: number): string | undefined {
  const mark = `${markName}=`;
  const entry = read(pid, "environ")
    .split("\0")
    .find((one) => one.startsWith(mark));
  return entry?.slice(mark.length);
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
