/**
 * Cost of 50 idle instances: processes and memory beside the app for each way, CPU of a supervisor that watches them by a
 * timer or by inotify; and the time from a write to its line in the log. Run: node run-cost.ts
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { readProcStat, type ProcStat } from "../../../../src/supervisor/output/proc-stat.ts";
import { launch, WAYS } from "./ways.ts";

const COUNT = 50;
const root = mkdtempSync(join(tmpdir(), "hop3-cost-"));
const memory: Record<string, string | number>[] = [];
const watching: Record<string, string | number>[] = [];
for (const way of WAYS) {
  const launchers = Array.from({ length: COUNT }, (_, i) =>
    launch(way, join(root, `${way}${i}`), ["/bin/sleep", "1000"]),
  );
  await pause(3000);
  const family = processes().filter((one) =>
    launchers.some(({ pid }) => one.pid === pid || one.ppid === pid || grandparent(one) === pid),
  );
  const ours = family.filter((one) => one.comm !== "sleep");
  const sums = ours.map(({ pid }) => rollup(pid));
  const total = (key: "pss" | "own") => sums.reduce((sum, one) => sum + one[key], 0);
  memory.push({
    way,
    processes: ours.length / COUNT,
    pssKiB: Math.round(total("pss") / COUNT),
    privateKiB: Math.round(total("own") / COUNT),
  });
  if (way === "segments") for (const mode of ["timer 50", "timer 250", "inotify"]) watching.push(await watch(mode));
  for (const one of family) if (one.comm === "sleep") process.kill(one.pid, "SIGTERM");
  await pause(500);
}
console.table(memory);
console.table(watching);
rmSync(root, { recursive: true });

/** 20 s idle, then 100 lines from one further app, 50 instances being watched all along. */
async function watch(mode: string): Promise<Record<string, string | number>> {
  const talker = join(root, `talker-${mode.replace(" ", "")}`);
  const code = `setTimeout(() => { let n = 0; const t = setInterval(() => { console.log(process.hrtime.bigint().toString()); if (++n === 100) clearInterval(t) }, 103) }, 23000)`;
  launch("segments", talker, [process.execPath, "-e", code]);
  await pause(500);
  const dirs = readdirSync(root).filter(
    (name) => /^segments\d|^talker/.test(name) && !(name.startsWith("talker") && join(root, name) !== talker),
  );
  const watcher = spawn(
    process.execPath,
    [join(import.meta.dirname, "watcher.ts"), mode, talker, ...dirs.map((name) => join(root, name))],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let text = "";
  for await (const chunk of watcher.stdout) text += String(chunk);
  const result: Record<string, string | number> = JSON.parse(text);
  return { watch: mode, ...result };
}

function processes(): ProcStat[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcStat(Number(name)))
    .filter((one) => one !== undefined);
}

function grandparent(one: ProcStat): number | undefined {
  return readProcStat(one.ppid)?.ppid;
}

function rollup(pid: number): { pss: number; own: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
  return { pss: field("Pss"), own: field("Private_Clean") + field("Private_Dirty") };
}
