import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { ProcessSpec } from "#core/records.ts";
import { slotFile } from "#core/slots.ts";
import { dyingArgv } from "./dying-argv.ts";
import { eventually, logText, makeBench, serverCommand, type Bench } from "./bench.ts";
import { parseDesired, stays } from "./desired.ts";
import type { InstanceEffect } from "./instance.ts";
import { listProcesses } from "./proc-tree.ts";
import type { AppStatus, InstanceStatus } from "./protocol.ts";
import { readSlots } from "./slots.ts";

let bench: Bench;
let children: ChildProcess[] = [];
beforeEach(() => {
  bench = makeBench();
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
  await bench.clean();
});

/** Starts a supervisor that dies at the nth time it comes to the point. */
async function startDying(point: string, nth = 1): Promise<{ child: ChildProcess; died: Promise<unknown> }> {
  const child = spawn(process.execPath, dyingArgv(bench.layout, point, nth), { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const died = once(child, "exit");
  await Promise.race([once(child.stdout ?? assert.fail(), "data"), died]);
  return { child, died };
}

/** The ids of instances that processes of this root carry, each with the pids of its main processes (`node`, `sleep`). */
function runningIds(): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const one of listProcesses()) {
    let environment = "";
    try {
      environment = readFileSync(`/proc/${one.pid}/environ`, "latin1");
    } catch {
      continue;
    }
    if (!environment.includes(`BENCH=${bench.env["BENCH"]}\0`)) continue;
    const id = /HOP3_INSTANCE=(\w+)/.exec(environment)?.[1];
    if (id !== undefined) found.set(id, [...(found.get(id) ?? []), one.pid]);
  }
  return found;
}

async function converged(app: AppStatus | undefined): Promise<void> {
  await eventually(() => {
    const desired = new Set(app?.instances.map((one) => one.id));
    return [...runningIds().keys()].every((id) => desired.has(id));
  }, "only what is desired runs");
}

async function deploy(release: number): Promise<void> {
  await bench.client.call("app.start", { app: "blog", release });
  await bench.client.call("app.await", { app: "blog", release, timeout: 15 });
  await bench.client.call("app.cutover", { app: "blog", release });
}

async function readyBlog(): Promise<AppStatus | undefined> {
  let app: AppStatus | undefined;
  await eventually(async () => {
    [app] = (await bench.client.call("status", {})).apps;
    const isSettled = ({ state, address }: InstanceStatus) =>
      state === "ready" || state === "failed" || (state === "warm" && address !== null);
    return app === undefined || app.instances.every(isSettled);
  }, "all ready");
  return app;
}

const counter = `node -e "let n=0;setInterval(()=>console.log(n++),5)"`;

describe("after the supervisor was killed", () => {
  it("what is kept warm stays so with its process, and is taken over from there, also by one more supervisor", async () => {
    const { child, died } = await startDying("never");
    for (const release of [1, 3]) bench.release("blog", release, { web: { command: serverCommand("tcp", "one") } });
    bench.release("blog", 2, { web: { command: serverCommand("unix", "two") } });
    await deploy(1);
    const pid = (await readyBlog())?.instances[0]?.pid;
    await deploy(2);
    await bench.client.call("app.retire", { app: "blog", release: 1, drain: 5, warm: 60 });
    const told = (status: AppStatus | undefined) =>
      status?.instances.map((one) => [one.release, one.state, one.pid === pid]);
    child.kill("SIGKILL");
    await died;
    const second = await startDying("never");
    assert.deepEqual(told(await readyBlog()), [
      [1, "warm", true],
      [2, "ready", false],
    ]);
    await deploy(3);
    second.child.kill("SIGKILL");
    await second.died;
    await startDying("never");
    assert.deepEqual(told(await readyBlog()), [
      [3, "ready", true],
      [2, "ready", false],
    ]);
    const one = (await readyBlog())?.instances[0];
    assert.equal(readFileSync(slotFile(bench.layout.slots("blog"), 0), "utf8"), one?.address);
    // One that is kept and dies with its supervisor is not brought back.
    await bench.client.call("app.retire", { app: "blog", release: 2, drain: 5, warm: 60 });
    const kept = (await readyBlog())?.instances.find(({ state }) => state === "warm")?.pid ?? assert.fail();
    children.at(-1)?.kill("SIGKILL");
    await once(children.at(-1) ?? assert.fail(), "exit");
    process.kill(kept, "SIGKILL");
    await startDying("never");
    assert.deepEqual(told(await readyBlog()), [[3, "ready", true]]);
  });

  it("its processes live on, the next one takes them over and loses no line", async () => {
    const { child, died } = await startDying("never");
    bench.release("blog", 1, { web: { command: serverCommand("unix", "one") }, count: { command: `exec ${counter}` } });
    await deploy(1);
    const before = await readyBlog();
    for (let kill = 0; kill < 3; kill += 1) {
      (kill === 0 ? child : children.at(-1))?.kill("SIGKILL");
      if (kill === 0) await died;
      else await once(children.at(-1) ?? assert.fail(), "exit");
      await startDying("never");
    }
    const after = await readyBlog();
    assert.deepEqual(
      after?.instances.map(({ id, pid, address }) => [id, pid, address]),
      before?.instances.map(({ id, pid, address }) => [id, pid, address]),
    );
    await bench.client.call("app.stop", { app: "blog" });
    const numbers = logText(bench, "blog")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => Number(line.split(" ")[2]));
    assert.ok(numbers.length > 20);
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index),
    );
  });

  it("what had ended meanwhile is started again, and what was killed with it too", async () => {
    const { child, died } = await startDying("never");
    bench.release("blog", 1, { web: { command: serverCommand("tcp", "one"), count: 2 } });
    await deploy(1);
    child.kill("SIGKILL");
    await died;
    for (const pids of runningIds().values()) for (const pid of pids) process.kill(pid, "SIGKILL");
    await eventually(() => runningIds().size === 0, "all dead");
    await startDying("never");
    const app = await readyBlog();
    assert.deepEqual(
      app?.instances.map((one) => one.state),
      ["ready", "ready"],
    );
    const slots = [0, 1].map((slot) => readFileSync(slotFile(bench.layout.slots("blog"), slot), "utf8"));
    assert.deepEqual(new Set(slots), new Set(app?.instances.map((one) => one.address)));
  });

  it("a stopped app stays stopped", async () => {
    const { child, died } = await startDying("never");
    bench.release("blog", 1, { web: { command: serverCommand("unix", "one") } });
    await deploy(1);
    await bench.client.call("app.stop", { app: "blog" });
    child.kill("SIGKILL");
    await died;
    await startDying("never");
    const app = await readyBlog();
    assert.deepEqual([app?.stopped, app?.live, app?.instances], [true, 1, []]);
    assert.equal(runningIds().size, 0);
  });
});

/** What is asked of a supervisor that runs release 1 of blog live, by the fault point at which it dies meanwhile. */
const plan: readonly { readonly verb: string; readonly points: readonly (readonly [string, number])[] }[] = [
  {
    verb: "start",
    points: [
      ["before-save", 1],
      ["after-save", 1],
      ["spawn", 1],
      ["before-spawn", 1],
      ["after-spawn", 1],
      ["slots", 1],
    ],
  },
  {
    verb: "cutover",
    points: [
      ["before-save", 1],
      ["after-save", 1],
      ["after-slots", 1],
    ],
  },
  {
    verb: "retire",
    points: [
      ["after-save", 1],
      ["after-save", 2],
      ["drain", 1],
      ["term", 1],
      ["forget", 1],
    ],
  },
  {
    verb: "keep",
    points: [
      ["after-save", 1],
      ["after-save", 2],
      ["drain", 1],
      ["keep-warm", 1],
      ["before-save", 2],
    ],
  },
  {
    verb: "take",
    points: [
      ["before-save", 1],
      ["after-save", 1],
      ["slots", 1],
    ],
  },
  {
    verb: "expire",
    points: [
      ["term", 1],
      ["forget", 1],
      ["after-save", 3],
    ],
  },
  {
    verb: "renew",
    points: [
      ["after-save", 1],
      ["after-spawn", 1],
      ["term", 1],
    ],
  },
  {
    verb: "swap",
    points: [
      ["before-save", 2],
      ["after-save", 2],
      ["after-slots", 3],
      ["drain", 1],
      ["term", 1],
      ["forget", 1],
    ],
  },
  {
    verb: "scale",
    points: [
      ["after-save", 1],
      ["after-spawn", 1],
      ["before-spawn", 2],
    ],
  },
  {
    verb: "stop",
    points: [
      ["before-save", 1],
      ["after-save", 1],
      ["term", 1],
      ["forget", 1],
    ],
  },
  {
    verb: "shrink",
    points: [
      ["after-save", 1],
      ["term", 1],
    ],
  },
  { verb: "halt", points: [["after-save", 1]] },
  {
    verb: "forget",
    points: [
      ["after-save", 1],
      ["forget", 1],
    ],
  },
];

const app = "blog";
const place = ({ type, index, proven }: AppStatus["instances"][number]) => `${type}.${index} ${proven}`;
const ask: Readonly<Record<string, () => Promise<unknown>>> = {
  start: async () => {
    await bench.client.call("app.start", { app, release: 2 });
    await bench.client.call("app.await", { app, release: 2, timeout: 15 });
  },
  cutover: () => bench.client.call("app.cutover", { app, release: 2 }),
  retire: () => bench.client.call("app.retire", { app, release: 1, drain: 5, warm: 0 }),
  keep: () => bench.client.call("app.retire", { app, release: 1, drain: 5, warm: 60 }),
  take: () => bench.client.call("app.start", { app, release: 3 }),
  expire: () => bench.client.call("app.retire", { app, release: 1, drain: 5, warm: 1 }),
  renew: async () => {
    await bench.client.call("app.renew", { app, timeout: 15 });
    await bench.client.call("app.unrenew", { app });
  },
  swap: async () => {
    await bench.client.call("app.renew", { app, timeout: 15 });
    await bench.client.call("app.swap", { app, drain: 5 });
  },
  scale: () => bench.client.call("app.scale", { app, counts: { web: 3 }, drain: 5, timeout: 15 }),
  shrink: () => bench.client.call("app.scale", { app, counts: { web: 1 }, drain: 5, timeout: 15 }),
  stop: () => bench.client.call("app.stop", { app }),
  halt: () => bench.client.call("app.stop", { app }),
  forget: () => bench.client.call("app.forget", { app }),
};

/** What is done before, by a supervisor that does not die of it. */
const before: Readonly<Record<string, readonly string[]>> = {
  cutover: ["start"],
  retire: ["start", "cutover"],
  keep: ["start", "cutover"],
  take: ["start", "cutover", "keep"],
  expire: ["start", "cutover"],
  shrink: ["scale"],
  // With a release beside the live one, which nobody wants any more.
  halt: ["start"],
};

describe("killed at a step", () => {
  for (const { verb, points } of plan) {
    for (const [point, nth] of points) {
      it(`of ${verb}, at ${point} (${nth}), the next one converges and leaves no orphan`, async () => {
        const first = await startDying("never");
        bench.release(app, 1, { web: { command: serverCommand("unix", "one") } });
        bench.release(app, 2, { web: { command: serverCommand("tcp", "two") } });
        bench.release(app, 3, { web: { command: serverCommand("unix", "one") } });
        await deploy(1);
        for (const earlier of before[verb] ?? []) await ask[earlier]?.();
        first.child.kill("SIGKILL");
        await first.died;
        const dying = await startDying(point, nth);
        // Adoption itself may come to the point; else the verb does.
        await readyBlog().catch(() => undefined);
        await ask[verb]?.().catch(() => undefined);
        await eventually(() => dying.child.signalCode !== null, `it dies at ${point}`);
        await startDying("never");
        const now = await readyBlog();
        await converged(now);
        for (const one of now?.instances ?? []) assert.ok(runningIds().has(one.id) || one.state === "failed", one.id);
        const files = readdirSync(join(bench.layout.supervisor, "instances"));
        assert.deepEqual(
          files.filter((id) => now?.instances.every((one) => one.id !== id) ?? true),
          [],
        );
        const written = parseDesired(readFileSync(bench.layout.desiredState, "utf8")).get(app);
        for (const one of written?.instances.filter(stays) ?? []) {
          const group = written?.groups.find(({ release, type }) => release === one.release && type === one.type);
          assert.ok(
            one.index <= (group?.count ?? 0),
            `nobody wants ${one.type}.${one.index} of release ${one.release}`,
          );
        }
        const slots = () => readSlots(bench.layout, app).filter((address) => !address.includes("/none/"));
        if (now?.stopped === true) await eventually(() => slots().length === 0, "nobody is asked for a stopped app");
        // And it goes on from there.
        if (now !== undefined && !["stop", "halt", "forget"].includes(verb)) {
          if (verb === "renew" || verb === "swap") assert.deepEqual(now.instances.map(place), ["web.1 true"]);
          const { ready } = await bench.client.call("app.renew", { app, timeout: 15 });
          assert.equal(ready, true);
          await bench.client.call("app.swap", { app, drain: 1 });
          const address = readFileSync(slotFile(bench.layout.slots(app), 0), "utf8");
          const status = (await bench.client.call("status", {})).apps[0];
          assert.ok(status?.instances.some((one) => one.address === address && one.release === status.live));
        }
      });
    }
  }
});

/** What an instance does by itself, or because time is over, and who is there when the supervisor dies of it. */
const byThemselves: readonly {
  readonly point: InstanceEffect;
  readonly spec: Partial<ProcessSpec>;
  provoke(): Promise<unknown>;
}[] = [
  {
    point: "kill",
    spec: { command: "trap '' TERM; while :; do sleep 0.1; done", stopTimeout: 0.3 },
    provoke: () => bench.client.call("app.stop", { app }),
  },
  { point: "arm-retry", spec: {}, provoke: crash },
  { point: "note-over", spec: { restart: "never" }, provoke: crash },
];

async function crash(): Promise<void> {
  const [one] = (await bench.client.call("status", {})).apps[0]?.instances ?? [];
  process.kill(one?.pid ?? assert.fail(), "SIGKILL");
}

describe("killed where an instance does not do what it should", () => {
  for (const { point, spec, provoke } of byThemselves) {
    it(`at ${point}, the next one converges and leaves no orphan`, async () => {
      const dying = await startDying(point);
      bench.release(app, 1, { worker: spec });
      await deploy(1);
      await provoke().catch(() => undefined);
      await dying.died;
      await startDying("never");
      if (point === "kill") return eventually(() => runningIds().size === 0, "it is stopped");
      const now = await readyBlog();
      assert.deepEqual(
        now?.instances.map(({ state }) => state),
        ["ready"],
      );
      await converged(now);
    });
  }

  it("every effect of a transition is among the steps at which it was killed", () => {
    const all: Record<InstanceEffect, true> = {
      spawn: true,
      term: true,
      kill: true,
      drain: true,
      "keep-warm": true,
      slots: true,
      "arm-retry": true,
      "note-over": true,
      forget: true,
    };
    const killed = new Set([
      ...plan.flatMap(({ points }) => points.map(([point]) => point)),
      ...byThemselves.map(({ point }) => point),
    ]);
    assert.deepEqual(
      Object.keys(all).filter((effect) => !killed.has(effect)),
      [],
    );
  });
});
