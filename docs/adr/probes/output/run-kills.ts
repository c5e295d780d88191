/**
 * Loss: a program that numbers its lines at 10 MB/s, (1) 40 supervisors killed one after the other, (2) 20 s with none.
 * Run: node run-kills.ts [WAY...]      (about a minute for each way; needs util-linux, 1 GB in the temporary directory)
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { check } from "./check.ts";
import { isWay, launch, WAYS, type Way } from "./ways.ts";

const asked = process.argv.slice(2).filter(isWay);
const root = mkdtempSync(join(tmpdir(), "hop3-output-"));
const program = (name: string) => join(import.meta.dirname, name);
const rows: Record<string, string | number>[] = [];
for (const way of asked.length > 0 ? asked : WAYS) {
  rows.push(await run(way, "40 kills", 40, 15));
  rows.push(await run(way, "20 s without", 0, 20));
}
console.table(rows);
rmSync(root, { recursive: true });

async function run(way: Way, what: string, kills: number, seconds: number): Promise<Record<string, string | number>> {
  const dir = join(root, `${way}-${kills}`);
  const report = `${dir}.json`;
  const app = launch(way, dir, [process.execPath, program("writer.ts"), "10", String(seconds), report]);
  const ended = once(app, "exit");
  await pause(200);
  for (let kill = 0; kill < kills; kill++) {
    const reader = spawn(process.execPath, [program("reader.ts"), way, dir], { stdio: "inherit" });
    await pause(150 + Math.random() * 150); // about 60 ms of it is the start of Node
    reader.kill("SIGKILL");
    await once(reader, "exit");
  }
  if (way === "fifo") {
    if (kills === 0) await pause(seconds * 1000); // the app is blocked by now; see whether it ends once it is read
    const reader = spawn(process.execPath, [program("reader.ts"), way, dir]);
    await ended;
    await pause(300);
    reader.kill("SIGKILL");
  } else {
    await ended;
    spawnSync(process.execPath, [program("reader.ts"), way, dir, "once"], { stdio: "inherit" });
  }
  const said: { lines: number; longestMs: number; errors: number } = JSON.parse(readFileSync(report, "utf8"));
  const verdict = await check(dir, said.lines);
  const status = readFileSync(join(dir, "status"), "latin1").trim().split("\n").at(-1)?.trim() ?? "";
  rmSync(dir, { recursive: true });
  return { way, what, lines: said.lines, ...verdict, longestWriteMs: said.longestMs, status };
}
