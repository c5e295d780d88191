import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { eventually, logText, makeBench, serverCommand, type Bench } from "./bench.ts";
import { isAlive, readProcStat } from "./output/proc-stat.ts";
import type { InstanceStatus } from "./protocol.ts";

let bench: Bench;
beforeEach(async () => {
  bench = makeBench();
  await bench.start();
  const worker = { command: "trap 'echo bye; exit' TERM; while :; do sleep 0.02; done" };
  bench.release("blog", 1, { web: { command: serverCommand("unix", "one") }, worker });
  bench.release("blog", 2, { web: { command: serverCommand("tcp", "two") }, worker, cron: worker });
  await start(1);
  await cutOver(1);
  await start(2);
});
afterEach(() => bench.clean());

async function start(release: number): Promise<void> {
  await bench.client.call("app.start", { app: "blog", release });
  assert.equal((await bench.client.call("app.await", { app: "blog", release, timeout: 15 })).ready, true);
}

const cutOver = (release: number) => bench.client.call("app.cutover", { app: "blog", release });

async function instances(release: number): Promise<readonly InstanceStatus[]> {
  const [app] = (await bench.client.call("status", {})).apps;
  return (app?.instances ?? []).filter((one) => one.release === release);
}

async function kill(release: number, type: string): Promise<void> {
  const pid = (await instances(release)).find((one) => one.type === type)?.pid;
  const victim = readProcStat(pid ?? 0);
  assert.ok(victim !== undefined);
  process.kill(victim.pid, "SIGKILL");
  await eventually(() => !isAlive(victim), "it is dead"); // which takes the kernel a while
}

const pids = async (release: number) => (await instances(release)).map(({ type, pid }) => `${type} ${pid}`);

describe("a release goes live whole", () => {
  for (const type of ["web", "worker", "cron"]) {
    it(`or not at all: its ${type} was killed a moment ago, and nothing brings it back`, async () => {
      const before = await pids(1);
      await kill(2, type);
      await assert.rejects(cutOver(2), { code: "CONFLICT", message: new RegExp(`${type}\\.1 of release 2`) });
      const killed = (await instances(2)).find((one) => one.type === type);
      assert.deepEqual([killed?.state, killed?.restarts, killed?.failure], ["failed", 0, "exited"]);
      assert.match(killed?.lastExit ?? "", /SIGKILL/);
      assert.deepEqual(await pids(1), before);
      assert.equal((await bench.client.call("status", {})).apps[0]?.live, 1);
      await bench.client.call("app.retire", { app: "blog", release: 2, drain: 0, warm: 0 });
      assert.deepEqual([await instances(2), await pids(1)], [[], before]);
    });
  }

  it("with all its types, and those of the old one are asked to end only when they are to retire", async () => {
    const before = await pids(1);
    await cutOver(2);
    assert.deepEqual((await instances(2)).map(({ type, state }) => `${type} ${state}`).toSorted(), [
      "cron ready",
      "web ready",
      "worker ready",
    ]);
    assert.deepEqual(await pids(1), before);
    assert.doesNotMatch(logText(bench, "blog"), /bye/);
    await bench.client.call("app.retire", { app: "blog", release: 1, drain: 0, warm: 0 });
    assert.match(logText(bench, "blog"), /bye/);
  });

  it("and what was live before comes back although its worker is down at the moment", async () => {
    bench.release("shop", 1, {
      web: { command: serverCommand("unix", "one") },
      worker: { command: "while [ ! -e stop ]; do sleep 0.02; done" },
    });
    bench.release("shop", 2, { web: { command: serverCommand("unix", "two") } });
    for (const release of [1, 2]) {
      await bench.client.call("app.start", { app: "shop", release });
      await bench.client.call("app.await", { app: "shop", release, timeout: 15 });
      await bench.client.call("app.cutover", { app: "shop", release });
    }
    writeFileSync(join(bench.layout.buildTree("shop", 1), "stop"), "");
    const worker = async () => {
      const app = (await bench.client.call("status", {})).apps.find((one) => one.app === "shop");
      return app?.instances.find((one) => one.type === "worker");
    };
    await eventually(async () => ((await worker())?.restarts ?? 0) > 0, "the worker crashes");
    assert.equal((await bench.client.call("app.cutover", { app: "shop", release: 1 })).live, 1);
  });
});
