import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterEach, describe, it } from "node:test";
import { sample, sampler } from "./metrics.ts";
import { readProcStat } from "./output/proc-stat.ts";
import { markName } from "./proc-tree.ts";

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
      { id: "a", marked: { mark: "metrics1", app } },
      { id: "b", marked: { mark: "metrics2" } },
    ]);
    const grandchild = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8"));
    process.kill(grandchild, "SIGKILL");
    assert.ok(one && one.id === "a" && one.processes === 2, JSON.stringify(one));
    assert.ok(one.cpuSeconds >= 0.3 && one.cpuSeconds < 30, `${one.cpuSeconds} s`);
    assert.ok(one.memoryBytes > 90e6 && one.memoryBytes < 400e6, `${one.memoryBytes} bytes`);
    assert.ok(one.descriptors >= 16 && one.descriptors < 100, `${one.descriptors} files`);
    assert.deepEqual(other, { id: "b", processes: 0, cpuSeconds: 0, memoryBytes: 0, descriptors: 0 });
  });

  it("is read once a second at most", () => {
    let now = 0;
    let asked = 0;
    const metrics = sampler(
      () => {
        asked += 1;
        return [];
      },
      () => now,
    );
    for (now of [0, 1, 999]) metrics();
    assert.equal(asked, 1);
    now = 1000;
    metrics();
    assert.equal(asked, 2);
  });
});
