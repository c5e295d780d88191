import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { getPriority } from "node:os";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { eventually, makeBench, type Bench } from "./bench.ts";
import { atLowPriority } from "./low-priority.ts";

let bench: Bench;
beforeEach(() => {
  bench = makeBench();
});
afterEach(() => bench.clean());

const shell = (line: string) => ["/bin/sh", "-c", line];

/** Pid that a job or an instance has written down as the only word of a file. */
async function pidIn(file: string): Promise<number> {
  let pid = 0;
  await eventually(() => {
    try {
      pid = Number(readFileSync(file, "utf8"));
    } catch {
      return false;
    }
    return pid > 0;
  }, `${file} has a pid`);
  return pid;
}

const oomScore = (pid: number) => Number(readFileSync(`/proc/${pid}/oom_score_adj`, "utf8"));

describe("low priority", () => {
  it("is what a build and its children run at, and the supervisor and its apps do not", async () => {
    await bench.start();
    const child = join(bench.layout.buildTree("blog", 1), "child");
    bench.build("blog", 1, [{ argv: shell('sh -c "echo \\$\\$ > child; exec sleep 1000" & wait') }]);
    const running = bench.client.call("build.step", { app: "blog", build: 1, step: 0 });
    const pid = await pidIn(child);
    assert.equal(getPriority(pid), Math.min(19, getPriority(process.pid) + 10));
    assert.equal(oomScore(pid), 1000);
    const own = oomScore(process.pid);
    bench.release("blog", 1, { worker: { listens: "none", count: 1 } });
    await bench.client.call("app.start", { app: "blog", release: 1 });
    const { status } = await bench.client.call("app.await", { app: "blog", release: 1, timeout: 10 });
    const app = status.instances[0]?.pid ?? 0;
    assert.equal(getPriority(app), getPriority(process.pid));
    assert.equal(oomScore(app), own);
    await bench.client.call("job.cancel", { app: "blog" });
    assert.equal((await running).canceled, true);
  });

  it("leaves out what the host does not have", () => {
    const directory = mkdtempSync(join(tmpdir(), "hop3-low-"));
    try {
      assert.deepEqual(atLowPriority(["make"], [directory]), ["make"]);
      writeFileSync(join(directory, "nice"), "");
      assert.deepEqual(atLowPriority(["make"], [directory]), [`${directory}/nice`, "-n", "10", "make"]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
