import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterEach, describe, it } from "node:test";
import { makeCgroup } from "./cgroup/cgroup.ts";
import { detectCgroups } from "./cgroup/detect.ts";
import { wallClock } from "./clock.ts";
import { sample, sampler } from "./metrics.ts";
import { readProcStat } from "./output/proc-stat.ts";
import { markName } from "./proc-tree.ts";
import { withoutCgroups } from "./walls/testing.ts";

/** Takes 64 MB and a third of a second, holds ten more files, and has a child in a session of its own that drops its mark. */
const hungry = `
const { openSync } = require("node:fs");
const { spawn } = require("node:child_process");
const held = Buffer.alloc(64_000_000, 1);
for (let n = 0; n < 10; n += 1) openSync("/dev/null");
spawn("sleep", ["1000"], { detached: true, stdio: "ignore", env: {} });
for (const end = process.cpuUsage().user + 300_000; process.cpuUsage().user < end;);
console.log("ready");
setInterval(() => held, 1e6);
`;

describe("what instances take", () => {
  let running: ChildProcess | undefined;
  afterEach(() => {
    running?.kill("SIGKILL");
    running = undefined;
  });

  it("is that of their whole trees, and of nobody else", async () => {
    running = spawn(process.execPath, ["-e", hungry], {
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
      env: { ...process.env, [markName]: "metrics1" },
    });
    const { pid, stdout } = running;
    assert.ok(pid !== undefined && stdout);
    await once(stdout, "data");
    const app = readProcStat(pid);
    assert.ok(app);
    const [one, other] = sample([
      { id: "a", marked: { mark: "metrics1", app }, memoryLimit: null },
      { id: "b", marked: { mark: "metrics2" }, memoryLimit: 1000 },
    ]);
    const grandchild = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8"));
    process.kill(grandchild, "SIGKILL");
    assert.ok(one && one.id === "a" && one.processes === 2, JSON.stringify(one));
    assert.ok(one.cpuSeconds >= 0.3 && one.cpuSeconds < 30, `${one.cpuSeconds} s`);
    assert.ok(one.memoryBytes > 90e6 && one.memoryBytes < 400e6, `${one.memoryBytes} bytes`);
    assert.ok(one.descriptors >= 16 && one.descriptors < 100, `${one.descriptors} files`);
    assert.ok((one.uptimeSeconds ?? -1) > 0.3 && (one.uptimeSeconds ?? -1) < 60, `${one.uptimeSeconds} s`);
    const none = { processes: 0, cpuSeconds: 0, memoryBytes: 0, descriptors: 0 };
    assert.deepEqual(other, { id: "b", ...none, memoryLimitBytes: 1000, uptimeSeconds: null });
  });

  it("is read once a second at most", () => {
    let now = 0;
    let asked = 0;
    const metrics = sampler({
      instances: () => {
        asked += 1;
        return [];
      },
      services: () => [],
      startsWaiting: () => 3,
      elapsed: () => now,
    });
    for (now of [0, 1, 999]) metrics();
    assert.equal(asked, 1);
    now = 1000;
    const { at, startsWaiting, supervisor } = metrics();
    assert.equal(asked, 2);
    assert.deepEqual([at, startsWaiting, supervisor.processes], [1, 3, 1]);
    assert.ok(supervisor.memoryBytes > 20e6 && supervisor.descriptors > 3, JSON.stringify(supervisor));
  });

  it(
    "is what its cgroup counts, where it has one that counts, with what ended processes took; else by /proc",
    { skip: withoutCgroups() },
    async () => {
      const tree = detectCgroups(`hop3-test-${process.pid}`);
      assert.ok(tree !== undefined);
      const group = makeCgroup(tree, ["counted"]);
      try {
        const burn = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        const held = "x = bytearray(64 << 20); print('ready', flush=True); import time; time.sleep(1000)";
        const enter = group.joins.map((path) => `echo $$ > ${path}`).join("; ");
        // What burns is nobody's child when it has ended: /proc has lost it.
        const script = `${enter}; (setsid sh -c '${burn}; echo burnt' &); exec python3 -c "${held}"`;
        running = spawn("/bin/sh", ["-c", script], { stdio: ["ignore", "pipe", "inherit"], detached: true });
        let said = "";
        for await (const chunk of running.stdout ?? assert.fail()) {
          said += String(chunk);
          if (said.includes("ready") && said.includes("burnt")) break;
        }
        // Until the one that has ended is gone.
        while (group.members().length > 1) await wallClock.sleep(20);
        const app = readProcStat(running.pid ?? 0);
        const counting = { id: "a", marked: { mark: "none", app, cgroup: group }, memoryLimit: null };
        const blind = { ...counting, marked: { ...counting.marked, cgroup: { ...group, usage: () => undefined } } };
        const [one, other] = [sample([counting])[0], sample([blind])[0]];
        assert.ok(one !== undefined && other !== undefined);
        assert.deepEqual([one.processes, one.descriptors], [other.processes, other.descriptors]);
        assert.ok(one.memoryBytes > 60e6 && one.memoryBytes < 150e6, `${one.memoryBytes} bytes`);
        assert.ok(one.cpuSeconds > other.cpuSeconds, `${one.cpuSeconds} s, by /proc ${other.cpuSeconds} s`);
      } finally {
        await group.kill(wallClock);
        const top = makeCgroup(tree, []);
        assert.equal(await top.remove(wallClock), true);
      }
    },
  );
});
