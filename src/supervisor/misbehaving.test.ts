import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { benchProcesses, eventually, logText, makeBench, serverCommand, type Bench } from "./bench.ts";

let bench: Bench;
beforeEach(() => {
  bench = makeBench();
});
afterEach(() => bench.clean());

async function tryRelease(app: string, timeout = 15) {
  await bench.client.call("app.start", { app, release: 1 });
  return bench.client.call("app.await", { app, release: 1, timeout });
}

describe("apps that misbehave", () => {
  it("one that exits at once is told as exited, once, with its status and last words", async () => {
    await bench.start();
    bench.release("blog", 1, { web: { command: "echo last words; exit 3" } });
    const { ready, status } = await tryRelease("blog");
    const [one] = status.instances;
    assert.deepEqual(
      [ready, one?.state, one?.failure, one?.lastExit, one?.restarts],
      [false, "failed", "exited", "exit 3", 0],
    );
    await eventually(() => /out last words\n/.test(logText(bench, "blog")), "the log");
  });

  it("one that never listens is killed after its start timeout and told as not ready", async () => {
    await bench.start();
    bench.release("blog", 1, { web: { command: "sleep 1000", startTimeout: 0.4 } });
    const { ready, status } = await tryRelease("blog");
    assert.equal(ready, false);
    assert.equal(status.instances[0]?.failure, "not-ready");
    await eventually(() => benchProcesses(bench.layout.root).every((pid) => pid === process.pid), "nothing runs");
  });

  it("one whose port a stranger listens on is not taken for ready", async () => {
    const ports = { first: 31_600, last: 31_600 };
    await bench.start({ limits: { ports } });
    // The app waits and never listens; the stranger comes after the port was found free.
    bench.release("blog", 1, { web: { command: "touch $HOME/up; sleep 1000", startTimeout: 1 } });
    await bench.client.call("app.start", { app: "blog", release: 1 });
    const squatter = await squat(ports.first);
    const { ready, status } = await bench.client.call("app.await", { app: "blog", release: 1, timeout: 15 });
    squatter.close();
    assert.equal(ready, false);
    assert.equal(status.instances[0]?.failure, "not-ready");
  });

  it("a live one whose port was taken while it was down gets another", async () => {
    await bench.start();
    bench.release("blog", 1, { web: { command: `sleep 0.3; ${serverCommand("tcp", "one")}` } });
    assert.equal((await tryRelease("blog")).ready, true);
    const before = (await bench.client.call("app.cutover", { app: "blog", release: 1 })).instances[0];
    await bench.client.call("app.stop", { app: "blog" });
    const port = Number(before?.address?.split(":")[1]);
    const squatter = await squat(port);
    const { ready, status } = await bench.client.call("app.resume", { app: "blog", timeout: 15 });
    squatter.close();
    assert.equal(ready, true);
    assert.notEqual(status.instances[0]?.address, before?.address);
  });

  it("one that ignores TERM is killed after its stop timeout", async () => {
    await bench.start();
    bench.release("jobs", 1, { worker: { command: "trap '' TERM; while :; do sleep 0.1; done", stopTimeout: 0.5 } });
    assert.equal((await tryRelease("jobs")).ready, true);
    await bench.client.call("app.stop", { app: "jobs" });
    assert.deepEqual(benchProcesses(bench.layout.root), []);
  });

  it("one that needs time to end gets it, also behind a shell that ends at once", async () => {
    await bench.start();
    bench.release("jobs", 1, {
      worker: { command: "(trap 'sleep 0.4; echo ended well; exit' TERM; while :; do sleep 0.05; done) & wait; true" },
    });
    assert.equal((await tryRelease("jobs")).ready, true);
    await bench.client.call("app.stop", { app: "jobs" });
    assert.match(logText(bench, "jobs"), /out ended well\n/);
  });

  it("daemonised grandchildren end with it, and when it crashes", async () => {
    await bench.start({ timing: { stayUp: 600 } });
    const daemonise = "(setsid sh -c 'sleep 1000 & exec sleep 1000' >/dev/null 2>&1 &) ; sleep 0.2; echo up;";
    bench.release("jobs", 1, {
      worker: { command: `${daemonise} exec sleep 1000` },
      crash: { command: `${daemonise} exit 1` },
    });
    const { ready, status } = await tryRelease("jobs");
    assert.equal(ready, false);
    assert.equal(status.instances.find((one) => one.type === "crash")?.state, "failed");
    await bench.client.call("app.stop", { app: "jobs" });
    assert.deepEqual(benchProcesses(bench.layout.root), []);
  });
});

function squat(port: number): Promise<Server> {
  const server = createServer((socket) => socket.end());
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
