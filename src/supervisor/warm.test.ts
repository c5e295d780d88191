import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { ProcessSpec } from "#core/records.ts";
import { recordEnvContext, sealEnv } from "#core/sealed.ts";
import { slotCount, slotFile } from "#core/slots.ts";
import { benchProcesses, eventually, makeBench, serverCommand, testKey, type Bench } from "./bench.ts";
import type { SupervisorOptions } from "./daemon.ts";
import type { InstanceStatus } from "./protocol.ts";

const app = "blog";
let bench: Bench;
beforeEach(() => {
  bench = makeBench();
});
afterEach(() => bench.clean());

const web = (where: "unix" | "tcp" = "unix"): Partial<ProcessSpec> => ({ command: serverCommand(where, "one") });

async function begin(more: Partial<SupervisorOptions> = {}): Promise<void> {
  await bench.start(more);
  bench.release(app, 1, { web: web() });
  bench.release(app, 2, { web: { command: serverCommand("tcp", "two") } });
}

async function serve(release: number): Promise<void> {
  await bench.client.call("app.start", { app, release });
  const { ready, status } = await bench.client.call("app.await", { app, release, timeout: 15 });
  assert.equal(ready, true, JSON.stringify(status));
  await bench.client.call("app.cutover", { app, release });
}

const retire = (release: number, warm: number, drain = 5) =>
  bench.client.call("app.retire", { app, release, drain, warm });

async function instances(release?: number): Promise<readonly InstanceStatus[]> {
  const { apps } = await bench.client.call("status", {});
  const found = apps.find((one) => one.app === app)?.instances ?? [];
  return found.filter((one) => release === undefined || one.release === release);
}

/** The one warm instance of a release, once it could be taken over. */
async function warmOne(release: number): Promise<InstanceStatus> {
  let found: readonly InstanceStatus[] = [];
  await eventually(
    async () => {
      found = await instances(release);
      return found.length === 1 && found[0]?.state === "warm" && found[0].address !== null;
    },
    `release ${release} is warm: ${JSON.stringify(found)}`,
  );
  return found[0] ?? assert.fail();
}

const slots = () =>
  new Set(
    Array.from({ length: slotCount }, (_, slot) => readFileSync(slotFile(bench.layout.slots(app), slot), "utf8")),
  );

async function connected({ address }: InstanceStatus): Promise<Socket> {
  const socket = connect((address ?? assert.fail()).slice("unix/".length));
  await once(socket, "connect");
  return socket;
}

describe("what has left", () => {
  it("is kept warm in no slot, and a release that runs the very same thing has it back at once, live and then proven", async () => {
    await begin();
    await serve(1);
    const [before] = await instances();
    await serve(2);
    assert.equal((await retire(1, 60)).instances.find((one) => one.release === 1)?.state, "warm");
    const warm = await warmOne(1);
    assert.deepEqual([warm.pid, warm.address], [before?.pid, before?.address]);
    assert.equal(slots().has(warm.address ?? ""), false);
    bench.release(app, 3, { web: { ...web(), count: 1 }, worker: {} });
    const started = await bench.client.call("app.start", { app, release: 3 });
    const taken = started.instances.find((one) => one.type === "web" && one.release === 3);
    assert.deepEqual([taken?.id, taken?.pid, taken?.state], [warm.id, warm.pid, "ready"]);
    assert.deepEqual(await instances(1), []);
    assert.equal((await bench.client.call("app.await", { app, release: 3, timeout: 15 })).ready, true);
    await bench.client.call("app.cutover", { app, release: 3 });
    assert.deepEqual(slots(), new Set([warm.address]));
    // It is as any other now: killed, it comes back, by the record of its new release.
    process.kill(warm.pid ?? assert.fail(), "SIGKILL");
    await eventually(async () => {
      const one = (await instances(3)).find(({ type }) => type === "web");
      return one?.state === "ready" && one.restarts === 1 && one.pid !== warm.pid;
    }, "it is up again");
  });

  it("is not taken over by a release whose environment, command, folder or build is another", async () => {
    await begin();
    await serve(1);
    await serve(2);
    await retire(1, 60);
    const { id } = await warmOne(1);
    bench.release(
      app,
      3,
      { web: web() },
      {
        env: sealEnv(testKey, recordEnvContext("release", app, 3), { ...bench.env, COLOR: "red" }),
      },
    );
    bench.release(app, 4, { web: { command: `${serverCommand("unix", "one")} ` } });
    bench.release(app, 5, { web: { ...web(), stopTimeout: 4 } });
    bench.build(app, 2, []);
    bench.release(app, 6, { web: web() }, { build: 2 });
    for (const release of [3, 4, 5, 6]) {
      const { instances: now } = await bench.client.call("app.start", { app, release });
      const mine = now.find((one) => one.release === release);
      assert.ok(mine !== undefined && mine.id !== id && mine.state === "starting", `release ${release}`);
      await retire(release, 60, 0);
    }
    assert.equal((await warmOne(1)).id, id, "what was undone has not ended it");
  });

  it("is taken over place by place: what is missing is started, what is too many goes its way", async () => {
    await begin();
    bench.release(app, 1, { web: { ...web(), count: 3 } });
    await serve(1);
    await serve(2);
    await retire(1, 60);
    const pids = new Map((await instances(1)).map((one) => [one.index, one.pid]));
    process.kill(pids.get(1) ?? assert.fail(), "SIGKILL");
    await eventually(async () => (await instances(1)).length === 2, "one is forgotten");
    bench.release(app, 3, { web: { ...web(), count: 2 } });
    await serve(3);
    const now = new Map((await instances(3)).map((one) => [one.index, one.pid]));
    assert.equal(now.get(2), pids.get(2));
    assert.notEqual(now.get(1), pids.get(1));
    assert.equal(now.size, 2);
    assert.deepEqual(
      (await instances(1)).map((one) => [one.index, one.pid, one.state]),
      [[3, pids.get(3), "warm"]],
    );
  });

  it("goes with its candidate when that is undone", async () => {
    await begin();
    await serve(1);
    await serve(2);
    await retire(1, 60);
    await warmOne(1);
    bench.release(app, 3, { web: web() });
    await bench.client.call("app.start", { app, release: 3 });
    await retire(3, 60);
    assert.deepEqual(
      (await instances()).map((one) => one.release),
      [2],
    );
  });

  it("ends when its time is over, and a worker of its release at once", async () => {
    await begin();
    bench.release(app, 1, { web: web(), worker: {} });
    await serve(1);
    await serve(2);
    const { instances: left } = await retire(1, 2);
    assert.deepEqual(
      left.filter((one) => one.release === 1).map((one) => [one.type, one.state]),
      [["web", "warm"]],
    );
    await eventually(async () => (await instances(1)).length === 0, "it has ended");
    assert.deepEqual(
      (await instances()).map((one) => [one.release, one.state]),
      [[2, "ready"]],
    );
  });

  it("is forgotten when it ends by itself, never started again", async () => {
    await begin();
    await serve(1);
    await serve(2);
    await retire(1, 60);
    process.kill((await warmOne(1)).pid ?? assert.fail(), "SIGKILL");
    await eventually(async () => (await instances(1)).length === 0, "it is forgotten");
    // Longer than the first wait of a backoff.
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual(await instances(1), []);
  });

  it("is one release of an app: a later one that is kept ends it, at once", async () => {
    await begin();
    bench.release(app, 3, { web: { command: serverCommand("unix", "three") } });
    await serve(1);
    await serve(2);
    await retire(1, 60);
    await warmOne(1);
    await serve(3);
    await retire(2, 60);
    assert.deepEqual(
      (await instances()).map((one) => [one.release, one.state]),
      [
        [2, "warm"],
        [3, "ready"],
      ],
    );
    // Asked again, as after a death of hop3d, it stays; asked without a time, it goes.
    const { pid } = await warmOne(2);
    await retire(2, 60);
    assert.equal((await warmOne(2)).pid, pid);
    await retire(2, 0);
    assert.deepEqual(await instances(2), []);
  });

  for (const verb of ["app.stop", "app.forget"] as const) {
    it(`ends at once with ${verb}`, async () => {
      await begin();
      await serve(1);
      await serve(2);
      await retire(1, 60);
      await bench.client.call(verb, { app });
      assert.deepEqual(await instances(), []);
      assert.deepEqual(benchProcesses(bench.layout.root), []);
    });
  }

  it("is not kept with somebody still connected: when the grace is over it is told to end, and closes them", async () => {
    await begin();
    await serve(1);
    const [one = assert.fail()] = await instances();
    const held = await connected(one);
    const closed = once(held, "close");
    await serve(2);
    const began = Date.now();
    await retire(1, 60, 1);
    await closed;
    assert.ok(Date.now() - began >= 950, "the grace was given");
    assert.deepEqual(await instances(1), []);
  });

  it("is kept once who was connected has gone within the grace", async () => {
    await begin();
    await serve(1);
    const [one = assert.fail()] = await instances();
    const held = await connected(one);
    await serve(2);
    const retired = retire(1, 60, 30);
    await eventually(async () => (await instances(1))[0]?.state === "draining", "it drains");
    held.destroy();
    await retired;
    assert.equal((await warmOne(1)).pid, one.pid);
  });
});

describe("with little memory left", () => {
  const total = 1000;

  it("nothing is kept", async () => {
    await begin({ memory: () => ({ total, available: 149 }) });
    await serve(1);
    await serve(2);
    await retire(1, 60);
    assert.deepEqual(await instances(1), []);
  });

  it("what is kept is let go, soon after", async () => {
    let available = 150;
    await begin({ memory: () => ({ total, available }) });
    await serve(1);
    await serve(2);
    await retire(1, 60);
    await warmOne(1);
    available = 149;
    await eventually(async () => (await instances(1)).length === 0, "it is gone");
  });
});

describe("over a restart of the supervisor", () => {
  it("a stop ends what is kept, and the next one does not bring it back", async () => {
    const first = await bench.start();
    bench.release(app, 1, { web: web() });
    bench.release(app, 2, { web: web("tcp") });
    await serve(1);
    await serve(2);
    await retire(1, 60);
    await first.stop();
    await bench.start();
    await eventually(async () => (await instances(2))[0]?.state === "ready", "release 2 is back");
    assert.deepEqual(await instances(1), []);
  });
});
