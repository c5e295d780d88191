import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { LAUNCHER_SCRIPT, launcherArgv, prepareInstance } from "./launcher.ts";
import { isAlive, readProcStat } from "./proc-stat.ts";
import { describeExit, parseStatus, readBootId, readOutcome, type Outcome } from "./status-file.ts";

const root = mkdtempSync(join(tmpdir(), "hop3-status-"));
const script = join(root, "launcher.sh");
writeFileSync(script, LAUNCHER_SCRIPT);
after(() => rmSync(root, { recursive: true, force: true }));

async function outcomeWhen(dir: string, ready: (outcome: Outcome) => boolean): Promise<Outcome> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const outcome = readOutcome(dir, readBootId());
    if (ready(outcome)) return outcome;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(outcome)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The process id that a file holds, once it does. */
async function pidIn(file: string): Promise<number> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const text = existsSync(file) ? readFileSync(file, "utf8") : "";
    if (/^[0-9]+\n$/.test(text)) return Number(text);
    if (Date.now() > deadline) throw new Error(`${file} holds no process id`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Starts an instance from a process that is dead when this returns, as a killed supervisor is. */
function startAndLose(name: string, command: string[]): string {
  const dir = join(root, name);
  prepareInstance(dir, { PATH: "/usr/bin:/bin" });
  const [file, ...args] = launcherArgv(script, dir, [], command);
  const code = `require('child_process').spawn(${JSON.stringify(file)}, ${JSON.stringify(args)}, { detached: true, stdio: 'ignore' }); process.kill(process.pid, 'SIGKILL')`;
  assert.equal(spawnSync(process.execPath, ["-e", code]).signal, "SIGKILL");
  return dir;
}

test("blanks and a line that is not closed do not count", () => {
  assert.deepEqual(parseStatus(" ".repeat(4096)), { drained: false });
  assert.deepEqual(parseStatus("boot b-1\nlauncher 7 100\napp 9 101\nexit 14"), {
    bootId: "b-1",
    launcher: { pid: 7, startTime: 100 },
    app: { pid: 9, startTime: 101 },
    drained: false,
  });
  assert.equal(parseStatus(`exit 143\n${" ".repeat(99)}`).exitCode, 143);
  assert.equal(parseStatus("exit 0\ndrained 0\n   ").drained, true);
  assert.equal(parseStatus("exit \nexit x\n").exitCode, undefined);
});

test("a status above 128 is shown as both things it may be", () => {
  assert.equal(describeExit(0), "exit 0");
  assert.equal(describeExit(42), "exit 42");
  assert.equal(describeExit(128), "exit 128");
  assert.equal(describeExit(143), "exit 143 or signal 15 (SIGTERM)");
});

test("an exit that happened after the supervisor died is known to the next one", async () => {
  const dir = startAndLose("late", ["/bin/sh", "-c", "sleep 1000 & sleep 0.2; exit 7"]);
  const outcome = await outcomeWhen(dir, ({ kind, status }) => kind === "exited" && status.exitCode !== undefined);
  assert.equal(outcome.kind === "exited" && outcome.code, 7);
  const { app } = outcome.status;
  assert.ok(app);
  process.kill(-app.pid, "SIGKILL"); // the child it left behind is still in its group
});

test("an app killed by signal while nobody watches counts as ended by that signal", async () => {
  const dir = startAndLose("killed", ["/bin/sleep", "1000"]);
  const { status } = await outcomeWhen(dir, ({ status: { app } }) => app !== undefined);
  assert.ok(status.app && status.launcher);
  assert.equal(isAlive(status.app), true);
  assert.equal(readProcStat(status.app.pid)?.pgrp, status.app.pid);
  process.kill(-status.app.pid, "SIGKILL");
  const outcome = await outcomeWhen(dir, ({ kind }) => kind === "exited");
  assert.equal(outcome.kind === "exited" && outcome.code, 137);
});

test("a child that keeps the output open delays drained and not the exit", async () => {
  const holder = join(root, "holder.pid");
  const dir = startAndLose("holder", ["/bin/sh", "-c", `setsid sh -c 'echo $$ > ${holder}; exec sleep 1000' & exit 3`]);
  const outcome = await outcomeWhen(dir, ({ kind }) => kind === "exited");
  assert.equal(outcome.status.drained, false);
  const { launcher } = outcome.status;
  assert.ok(launcher);
  assert.equal(isAlive(launcher), true);
  process.kill(await pidIn(holder), "SIGKILL");
  await outcomeWhen(dir, ({ status }) => status.drained);
});

test("an instance whose launcher was killed as well is lost, not running", async () => {
  const dir = startAndLose("lost", ["/bin/sleep", "1000"]);
  const { status } = await outcomeWhen(dir, ({ status: { app } }) => app !== undefined);
  assert.ok(status.app && status.launcher);
  process.kill(status.launcher.pid, "SIGKILL");
  assert.equal(readOutcome(dir, readBootId()).kind, "running");
  process.kill(-status.app.pid, "SIGKILL");
  await outcomeWhen(dir, ({ kind }) => kind === "lost");
});

test("after a reboot no old pid is taken for ours", () => {
  const self = readProcStat(process.pid);
  assert.ok(self);
  const dir = mkdtempSync(join(root, "boot-"));
  writeFileSync(
    join(dir, "status"),
    `boot another\nlauncher ${self.pid} ${self.startTime}\napp ${self.pid} ${self.startTime}\n`,
  );
  assert.equal(readOutcome(dir, readBootId()).kind, "lost");
  assert.equal(readOutcome(dir, "another").kind, "running");
});
