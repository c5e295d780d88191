import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { dyingArgv } from "./dying-argv.ts";
import { benchProcesses, eventually, makeBench, type Bench } from "./bench.ts";

let bench: Bench;
beforeEach(() => {
  bench = makeBench();
});
afterEach(() => bench.clean());

const log = () => readFileSync(bench.layout.buildLog("blog", 1), "utf8");
const step = (index: number) => bench.client.call("build.step", { app: "blog", build: 1, step: index });
const shell = (line: string) => ["/bin/sh", "-c", line];

describe("jobs", () => {
  it("run a step in its folder with the sealed environment and write a stamped log", async () => {
    await bench.start();
    bench.env["SECRET"] = "it's $HOME";
    bench.build("blog", 1, [
      { argv: shell('echo "$SECRET"; pwd; echo oops >&2; printf end') },
      { argv: shell("exit 4") },
    ]);
    const result = await step(0);
    assert.deepEqual({ ...result, seconds: 0 }, { exit: 0, timedOut: false, canceled: false, lost: false, seconds: 0 });
    assert.equal((await step(1)).exit, 4);
    const lines = log()
      .split("\n")
      .map((line) => line.slice(25));
    for (const line of ["out it's $HOME", `out ${bench.layout.buildTree("blog", 1)}`, "err oops", "out end"])
      assert.ok(lines.includes(line), line);
  });

  it("are refused without a network where no walls keep them from it", async () => {
    await bench.start();
    bench.build("blog", 1, [{}], { network: false });
    await assert.rejects(step(0), { code: "SUPERVISOR_REFUSED", message: /user mode/ });
    bench.build("blog", 1, [{}], { network: true } as unknown as { network: false });
    await assert.rejects(step(0), { code: "SUPERVISOR_REFUSED", message: /network is not false/ });
  });

  it("tell a program that does not exist, and death by signal", async () => {
    await bench.start();
    bench.build("blog", 1, [{ argv: ["/no/such/tool"] }, { argv: shell("kill -9 $$") }]);
    assert.equal((await step(0)).exit, 127);
    assert.match(log(), /sys "\/no\/such\/tool" could not be started/);
    assert.equal((await step(1)).exit, 137);
  });

  it("leave no descriptor open when they cannot be started", async () => {
    await bench.start();
    bench.build("blog", 1, [{ argv: shell("true") }]);
    assert.equal((await step(0)).exit, 0);
    rmSync(join(bench.layout.supervisor, "jobs"), { recursive: true });
    const before = readdirSync("/proc/self/fd").length;
    for (let turn = 0; turn < 10; turn += 1) await assert.rejects(step(0), { code: "SUPERVISOR_REFUSED" });
    assert.ok(readdirSync("/proc/self/fd").length <= before);
  });

  it("are killed with their whole tree when their time is over", async () => {
    await bench.start();
    bench.build("blog", 1, [{ argv: shell("(setsid sleep 1000 &) ; sleep 1000"), timeout: 0.3 }]);
    const { exit, timedOut } = await step(0);
    assert.deepEqual([exit, timedOut], [null, true]);
    assert.match(log(), /sys stopped: it took longer than 0.3 s\n/);
    assert.deepEqual(benchProcesses(bench.layout.root), []);
  });

  it("can be canceled, and run one at a time for an app and kind", async () => {
    await bench.start();
    bench.build("blog", 1, [{ argv: shell("echo up; sleep 1000") }]);
    const running = step(0);
    await eventually(() => existsSync(bench.layout.buildLog("blog", 1)) && log().includes("out up"), "it runs");
    await assert.rejects(step(0), { code: "CONFLICT" });
    assert.deepEqual(await bench.client.call("job.cancel", { app: "blog" }), { canceled: true });
    assert.equal((await running).canceled, true);
    assert.deepEqual(await bench.client.call("job.cancel", { app: "blog" }), { canceled: false });
  });

  it("are not held up by what they leave running", async () => {
    await bench.start();
    bench.build("blog", 1, [{ argv: shell("sleep 1000 & echo done") }]);
    assert.equal((await step(0)).exit, 0);
    assert.deepEqual(benchProcesses(bench.layout.root), []);
  });

  it("that print without end lose the middle in the log, keep their last words and are not stopped", async () => {
    await bench.start({ limits: { buildLogBytes: 100_000 } });
    bench.build("blog", 1, [
      { argv: shell("head -c 3000000 /dev/zero | tr '\\0' 'x' | fold -w 100; echo; echo last words; exit 5") },
    ]);
    assert.equal((await step(0)).exit, 5);
    assert.match(log(), / sys \d+ bytes of output were left out here\n/);
    assert.match(log(), / out last words\n$/);
    assert.ok(statSync(bench.layout.buildLog("blog", 1)).size < 200_000);
  });

  it("hooks run as the app, in the release's build log", async () => {
    await bench.start();
    bench.release(
      "blog",
      1,
      {},
      { hooks: [{ name: "release", command: 'echo "as $PROC_TYPE $BENCH"; exit 2', timeout: 10 }] },
    );
    assert.equal((await bench.client.call("release.hook", { app: "blog", release: 1, hook: 0 })).exit, 2);
    assert.match(log(), /out as hook\.1 \//);
  });

  it("that ran when the supervisor was killed are killed by the next, and told as lost once", async () => {
    bench.build("blog", 1, [{ argv: shell("[ -e again ] && exit 0; touch again; (setsid sleep 1000 &); sleep 1000") }]);
    const first = spawn(process.execPath, dyingArgv(bench.layout), { stdio: ["ignore", "pipe", "inherit"] });
    await once(first.stdout, "data");
    const asked = assert.rejects(step(0), { code: "UNAVAILABLE" });
    await eventually(() => existsSync(join(bench.layout.buildTree("blog", 1), "again")), "it runs");
    const died = once(first, "exit"); // its socket closes before it is gone
    first.kill("SIGKILL");
    await Promise.all([asked, died]);
    await bench.start();
    assert.deepEqual(benchProcesses(bench.layout.root), []);
    assert.equal((await step(0)).lost, true);
    assert.deepEqual(
      { ...(await step(0)), seconds: 0 },
      { exit: 0, timedOut: false, canceled: false, lost: false, seconds: 0 },
    );
    assert.deepEqual(readdirSync(join(bench.layout.supervisor, "jobs")), []);
  });
});
