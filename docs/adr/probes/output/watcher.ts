/**
 * Part of run-cost.ts: watches instance directories for 20 s while they are idle and measures its own CPU, then measures for
 * 12 s the delay of one app's lines. Run by run-cost.ts: node watcher.ts 'timer MS'|inotify TALKER_DIR DIR...
 */
import { readFileSync, watch } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { LogReader } from "../../../../src/supervisor/output/log-reader.ts";

const [mode = "", talker = "", ...dirs] = process.argv.slice(2);
const delays: number[] = [];
let told = 0;
const readers = dirs.map((dir) => ({ dir, reader: new LogReader({ dir }), due: false }));

function drain(one: (typeof readers)[number]): void {
  one.due = false;
  one.reader.drain(new Date());
  if (one.dir !== talker) return;
  const now = process.hrtime.bigint();
  const lines = readFileSync(join(talker, "log", "1"), "latin1")
    .trim()
    .split("\n")
    .filter((line) => line !== "");
  for (const line of lines.slice(told)) delays.push(Number(now - BigInt(line.split(" ")[2] ?? "0")) / 1e6);
  told = lines.length;
}

if (mode === "inotify") {
  for (const one of readers) {
    watch(one.dir, (_, name) => {
      if (one.due || !/^(out|err)\.\d+$/.test(name ?? "")) return;
      one.due = true;
      setTimeout(drain, 20, one); // gathers a burst
    });
  }
  setInterval(() => readers.forEach(drain), 2000); // for what inotify may drop
} else setInterval(() => readers.forEach(drain), Number(mode.split(" ")[1]));

await pause(1500);
const before = process.cpuUsage();
const start = performance.now();
await pause(20_000);
const used = process.cpuUsage(before);
const idleCpu = ((used.user + used.system) / 10 / (performance.now() - start)).toFixed(2);
await pause(13_000);
delays.sort((a, b) => a - b);
const at = (share: number) => (delays[Math.floor((delays.length - 1) * share)] ?? NaN).toFixed(1);
console.log(
  JSON.stringify({ idleCpuPercent: idleCpu, lines: delays.length, medianMs: at(0.5), p99Ms: at(0.99), maxMs: at(1) }),
);
process.exit();
