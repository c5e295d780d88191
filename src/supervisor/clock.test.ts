/** The clock that the supervisor is handed is moved by an hour, there and back, in the middle of what it does. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { eventually, logText, makeBench, serverCommand, type Bench } from "./bench.ts";
import { wallClock } from "./clock.ts";
import { loadDesired, renderDesired } from "./desired.ts";
import { listLogFiles } from "./log-files.ts";
import { killTree } from "./terminate.ts";

const hour = 60 * 60 * 1000;

for (const [name, jump] of [
  ["an hour forward", hour],
  ["an hour back", -hour],
] as const) {
  describe(`a clock that jumps ${name}`, () => {
    let bench: Bench;
    let offset: number;
    beforeEach(async () => {
      bench = makeBench();
      offset = 0;
      await bench.start({ clock: { ...wallClock, now: () => Date.now() + offset } });
    });
    afterEach(() => bench.clean());

    const instances = async () => (await bench.client.call("status", {})).apps[0]?.instances ?? [];
    const live = async (release: number): Promise<void> => {
      await bench.client.call("app.start", { app: "blog", release });
      const { ready } = await bench.client.call("app.await", { app: "blog", release, timeout: 15 });
      assert.ok(ready);
      await bench.client.call("app.cutover", { app: "blog", release });
    };

    it("makes a drain neither shorter nor longer", async () => {
      for (const release of [1, 2]) bench.release("blog", release, { web: { command: serverCommand("unix", "v") } });
      await live(1);
      const address = (await instances())[0]?.address ?? "";
      const stays = connect(address.slice("unix/".length)).on("error", () => undefined);
      await once(stays, "connect");
      await live(2);
      const began = performance.now();
      const retiring = bench.client.call("app.retire", { app: "blog", release: 1, drain: 2, warm: 0 });
      await eventually(async () => (await instances()).some(({ state }) => state === "draining"), "it drains");
      offset = jump;
      await retiring;
      const took = performance.now() - began;
      stays.destroy();
      assert.ok(took > 1900 && took < 8000, `${took} ms`);
    });

    it("makes what is kept warm stay neither shorter nor longer, when it is moved in its drain", async () => {
      for (const release of [1, 2]) bench.release("blog", release, { web: { command: serverCommand("unix", "v") } });
      await live(1);
      const address = (await instances())[0]?.address ?? "";
      const stays = connect(address.slice("unix/".length)).on("error", () => undefined);
      await once(stays, "connect");
      await live(2);
      const began = performance.now();
      const retiring = bench.client.call("app.retire", { app: "blog", release: 1, drain: 10, warm: 4 });
      const is = async (state: string) => (await instances()).some((one) => one.release === 1 && one.state === state);
      await eventually(() => is("draining"), "it drains");
      offset = jump;
      stays.destroy();
      await retiring;
      assert.ok(await is("warm"), "it was not kept");
      await eventually(async () => (await instances()).length === 1, "it goes", 20_000);
      const took = performance.now() - began;
      assert.ok(took > 3900 && took < 20_000, `${took} ms`);
    });

    it("makes the time to get ready neither shorter nor longer", async () => {
      bench.release("blog", 1, { web: { command: "exec sleep 1000", startTimeout: 2 } });
      const began = performance.now();
      await bench.client.call("app.start", { app: "blog", release: 1 });
      setTimeout(() => (offset = jump), 200);
      const { ready, status } = await bench.client.call("app.await", { app: "blog", release: 1, timeout: 15 });
      const took = performance.now() - began;
      assert.deepEqual([ready, status.instances[0]?.failure], [false, "not-ready"]);
      assert.ok(took > 1900 && took < 8000, `${took} ms`);
    });

    it("lets what crashed come back after its wait", async () => {
      bench.release("blog", 1, { worker: { command: "exec sleep 1000" } });
      await live(1);
      const [before] = await instances();
      offset = jump;
      process.kill(before?.pid ?? assert.fail(), "SIGKILL");
      await eventually(async () => {
        const [now] = await instances();
        return now?.state === "ready" && now.pid !== before?.pid;
      }, "it is up again");
      assert.equal((await instances())[0]?.restarts, 1);
    });

    it("loses no log, and the newest run's is the last", async () => {
      bench.release("blog", 1, { worker: { command: 'echo "run $HOP3_INSTANCE"; exec sleep 1000' } });
      await live(1);
      offset = jump;
      for (let turn = 0; turn < 7; turn += 1) {
        const stop = { app: "blog" };
        await bench.client.call("app.stop", stop);
        await bench.client.call("app.resume", { ...stop, timeout: 15 });
        if (turn === 3) offset = 0;
      }
      const [now] = await instances();
      await eventually(() => logText(bench, "blog").includes(`run ${now?.id}`), "its line is there");
      const last = listLogFiles(bench.layout.appLogs("blog")).at(-1);
      assert.match(readFileSync(last?.path ?? "", "utf8"), new RegExp(`run ${now?.id}`));
    });
  });
}

it("a process is killed and waited for, whatever the clock does meanwhile", async () => {
  const child = spawn("/bin/sh", ["-c", "trap '' TERM; sleep 1000 & sleep 1000 & wait"], {
    detached: true,
    stdio: "ignore",
    env: { PATH: "/usr/bin:/bin", HOP3_INSTANCE: "clockjmp" },
  });
  const ended = once(child, "exit");
  let now = 0;
  assert.ok(await killTree({ mark: "clockjmp" }, { ...wallClock, now: () => (now += hour) }));
  await ended;
});

it("a desired state from the future keeps who leaves for as long as was meant", () => {
  const dir = mkdtempSync(join(tmpdir(), "hop3-clock-"));
  try {
    const path = join(dir, "desired.json");
    const written = Date.parse("2026-01-01T12:00:00Z");
    const leaving = { id: "abcd1234", release: 1, type: "web", index: 1, port: 20_000, proven: true };
    const instances = [{ ...leaving, leavingUntil: written + 30_000, warmUntil: null, over: null }];
    mkdirSync(dir, { recursive: true });
    writeFileSync(path, renderDesired(new Map([["blog", { stopped: false, live: 2, groups: [], instances }]])));
    utimesSync(path, written / 1000, written / 1000);
    const until = (now: number) =>
      (loadDesired(path, now, () => undefined).desired.get("blog")?.instances[0]?.leavingUntil ?? 0) - now;
    assert.equal(until(written + 10_000), 20_000);
    assert.equal(until(written - hour), 30_000);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
