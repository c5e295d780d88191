import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { isAlive, parseProcStat, readProcStat } from "./proc-stat.ts";

test("a name with blanks, newlines and parentheses does not shift the fields", () => {
  const stat = parseProcStat(`77 (a) R 1\n(b) S 5 6 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 10 20\n`);
  assert.deepEqual(stat, { pid: 77, comm: "a) R 1\n(b", state: "S", ppid: 5, pgrp: 6, session: 7, startTime: 98765 });
});

test("a text that is no stat is refused", () => {
  for (const text of ["", "12", "12 (sh", "12 (sh) S 1", "x (sh) S 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 9"])
    assert.equal(parseProcStat(text), undefined);
});

test("this process is alive as itself and not as one that started at another time", () => {
  const self = readProcStat(process.pid);
  assert.ok(self);
  assert.equal(self.ppid, process.ppid);
  assert.equal(isAlive(self), true);
  assert.equal(isAlive({ pid: self.pid, startTime: self.startTime - 1 }), false);
});

test("a process that has ended is gone", async () => {
  const child = spawn("/bin/cat", { stdio: ["pipe", "ignore", "ignore"] });
  const stat = readProcStat(child.pid ?? 0);
  assert.ok(stat);
  child.stdin.end();
  await once(child, "exit");
  assert.equal(isAlive(stat), false);
});

test("a zombie is not alive although a signal still finds it", async () => {
  // The shell becomes a cat that never waits, so its first child stays a zombie as long as it lives.
  const parent = spawn("/bin/sh", ["-c", "read go <&3 & echo $!; exec cat >/dev/null"], {
    stdio: ["pipe", "pipe", "ignore", "pipe"],
  });
  const [chunk] = await once(parent.stdout ?? assert.fail(), "data");
  const child = readProcStat(Number(chunk));
  assert.ok(child);
  assert.equal(isAlive(child), true);
  process.kill(child.pid, "SIGKILL");
  while (readProcStat(child.pid)?.state !== "Z") await new Promise((resolve) => setImmediate(resolve));
  assert.equal(process.kill(child.pid, 0), true);
  assert.equal(isAlive(child), false);
  parent.kill("SIGKILL");
});
