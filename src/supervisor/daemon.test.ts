import assert from "node:assert/strict";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { afterEach, beforeEach, describe, it } from "node:test";
import { slotCount, slotFile } from "#core/slots.ts";
import { nobody } from "./slots.ts";
import { benchProcesses, eventually, makeBench, serverCommand, type Bench } from "./bench.ts";

let bench: Bench;
beforeEach(() => {
  bench = makeBench();
});
afterEach(() => bench.clean());

function slots(app: string): string[] {
  const directory = bench.layout.slots(app);
  return Array.from({ length: slotCount }, (_, slot) => readFileSync(slotFile(directory, slot), "utf8"));
}

/** Asks whoever a slot names, as the edge does. */
function ask(address: string): Promise<string> {
  const target = address.startsWith("unix/")
    ? { socketPath: address.slice(5) }
    : { host: "127.0.0.1", port: Number(address.split(":").at(-1)) };
  return new Promise((resolve, reject) => {
    request({ ...target, path: "/", agent: false }, (response) => {
      response.setEncoding("utf8");
      let body = "";
      response.on("data", (chunk: string) => (body += chunk));
      response.on("end", () => resolve(body));
    })
      .on("error", reject)
      .end();
  });
}

async function deploy(app: string, release: number): Promise<void> {
  await bench.client.call("app.start", { app, release });
  const { ready, status } = await bench.client.call("app.await", { app, release, timeout: 15 });
  assert.equal(ready, true, JSON.stringify(status));
  await bench.client.call("app.cutover", { app, release });
}

describe("an app's life", () => {
  for (const where of ["unix", "tcp"] as const) {
    it(`starts, serves, is replaced and stops, listening on ${where}`, async () => {
      await bench.start();
      bench.release("blog", 1, { web: { command: serverCommand(where, "one"), count: 2 } });
      bench.release("blog", 2, { web: { command: serverCommand(where, "two") } });
      await bench.client.call("app.start", { app: "blog", release: 1 });
      assert.deepEqual(new Set(slots("blog")), new Set([nobody(bench.layout)]));
      await bench.client.call("app.await", { app: "blog", release: 1, timeout: 15 });
      await bench.client.call("app.cutover", { app: "blog", release: 1 });
      assert.equal(new Set(slots("blog")).size, 2);
      assert.match(await ask(slots("blog")[0] ?? ""), /^one /);

      await deploy("blog", 2);
      assert.match(await ask(slots("blog")[0] ?? ""), /^two /);
      const retired = await bench.client.call("app.retire", { app: "blog", release: 1, drain: 5, warm: 0 });
      assert.deepEqual(
        retired.instances.map((one) => one.release),
        [2],
      );

      const stopped = await bench.client.call("app.stop", { app: "blog" });
      assert.deepEqual([stopped.stopped, stopped.live, stopped.instances], [true, 2, []]);
      assert.deepEqual(new Set(slots("blog")), new Set([nobody(bench.layout)]));
      const { ready } = await bench.client.call("app.resume", { app: "blog", timeout: 15 });
      assert.equal(ready, true);
      assert.match(await ask(slots("blog")[0] ?? ""), /^two /);
      await bench.client.call("app.forget", { app: "blog" });
      assert.deepEqual((await bench.client.call("status", {})).apps, []);
      assert.deepEqual(readdirSync(`${bench.layout.supervisor}/instances`), []);
    });
  }

  it("comes back after its process was killed", async () => {
    await bench.start();
    bench.release("blog", 1, { web: { command: serverCommand("unix", "one") } });
    await deploy("blog", 1);
    const pid = Number((await ask(slots("blog")[0] ?? "")).split(" ")[1]);
    process.kill(pid, "SIGKILL");
    await eventually(async () => {
      const [app] = (await bench.client.call("status", {})).apps;
      const one = app?.instances[0];
      return one?.state === "ready" && one.restarts === 1 && one.lastExit === "exit 137 or signal 9 (SIGKILL)";
    }, "ready again");
    assert.match(await ask(slots("blog")[0] ?? ""), /^one /);
  });
});

describe("what is asked in the wrong state is a conflict and changes nothing", () => {
  it("a second start, a cut-over to what is not ready, a retire of what is live, a scale of what is stopped", async () => {
    await bench.start();
    bench.release("blog", 1, { web: { command: serverCommand("unix", "one") } });
    bench.release("blog", 2, { web: { command: "sleep 1000" } });
    await deploy("blog", 1);
    const call = bench.client.call.bind(bench.client);
    await assert.rejects(call("app.start", { app: "blog", release: 1 }), { code: "CONFLICT" });
    await call("app.start", { app: "blog", release: 2 });
    await assert.rejects(call("app.cutover", { app: "blog", release: 2 }), { code: "CONFLICT" });
    await assert.rejects(call("app.retire", { app: "blog", release: 1, drain: 0, warm: 0 }), { code: "CONFLICT" });
    await call("app.retire", { app: "blog", release: 2, drain: 0, warm: 0 });
    await call("app.stop", { app: "blog" });
    await assert.rejects(call("app.cutover", { app: "blog", release: 3 }), { code: /CONFLICT|NOT_FOUND/ });
    await assert.rejects(call("app.cutover", { app: "blog", release: 1 }), { code: "CONFLICT" });
    await assert.rejects(call("app.scale", { app: "blog", counts: { web: 2 }, drain: 0, timeout: 5 }), {
      code: "CONFLICT",
    });
    await assert.rejects(call("app.stop", { app: "shop" }), { code: "NOT_FOUND" });
    const { apps } = await call("status", {});
    assert.deepEqual(apps, [{ app: "blog", live: 1, stopped: true, instances: [] }]);
  });

  it("new instances are in no slot until they take their places, and only when all of them are ready", async () => {
    await bench.start();
    bench.release("blog", 1, { web: { command: `[ ! -e broken ] && ${serverCommand("unix", "one")}`, count: 3 } });
    await deploy("blog", 1);
    const before = slots("blog");
    const { call } = bench.client;
    const app = "blog";
    await assert.rejects(call("app.swap", { app, drain: 5 }), { code: "CONFLICT" });
    await assert.rejects(call("app.renew", { app, place: { type: "web", index: 4 }, timeout: 10 }), {
      code: "NOT_FOUND",
    });
    const old = (await call("status", {})).apps[0]?.instances ?? [];
    const one = await call("app.renew", { app, place: { type: "web", index: 2 }, timeout: 10 });
    assert.equal(one.ready, true);
    assert.deepEqual(
      one.status.instances.map(({ type, index, proven }) => [type, index, proven]),
      [["web", 2, false]],
    );
    assert.deepEqual(slots("blog"), before);
    const { instances } = await call("app.swap", { app, drain: 5 });
    const kept = old.filter(({ index }) => index !== 2).map(({ id }) => id);
    assert.deepEqual(new Set(instances.map(({ id }) => id)), new Set([...kept, one.status.instances[0]?.id]));
    assert.deepEqual(new Set(slots("blog")), new Set(instances.map(({ address }) => address)));

    writeFileSync(`${bench.layout.buildTree("blog", 1)}/broken`, "");
    const all = await call("app.renew", { app, timeout: 10 });
    assert.equal(all.ready, false);
    assert.equal(all.status.instances.length, 3);
    assert.ok(all.status.instances.some(({ failure }) => failure === "exited"));
    await assert.rejects(call("app.swap", { app, drain: 5 }), { code: "CONFLICT" });
    assert.deepEqual((await call("app.unrenew", { app })).instances, instances);
    assert.deepEqual(new Set(slots("blog")), new Set(instances.map(({ address }) => address)));
    assert.match(await ask(slots("blog")[0] ?? ""), /^one /);
    await call("app.stop", { app });
    await assert.rejects(call("app.renew", { app, timeout: 10 }), { code: "CONFLICT" });
  });

  it("a cut-over ends a renewal of what was live, which on the way back would have each place twice", async () => {
    await bench.start();
    for (const release of [1, 2]) bench.release("blog", release, { web: { command: serverCommand("unix", "one") } });
    const app = "blog";
    await deploy(app, 1);
    const { call } = bench.client;
    assert.equal((await call("app.renew", { app, timeout: 10 })).ready, true);
    await deploy(app, 2);
    await call("app.cutover", { app, release: 1 });
    const { instances } = await call("app.retire", { app, release: 2, drain: 0, warm: 0 });
    assert.deepEqual(
      instances.map(({ release, type, index, state }) => [release, type, index, state]),
      [[1, "web", 1, "ready"]],
    );
  });

  it("scale adds and takes away, and no TERM comes to one that is asked", async () => {
    await bench.start();
    const slow = `exec node -e "require('http').createServer((q,r)=>setTimeout(()=>r.end('slow'),700)).listen(process.env.PORT,'127.0.0.1')"`;
    bench.release("blog", 1, { web: { command: slow } });
    await deploy("blog", 1);
    const args = { app: "blog", drain: 10, timeout: 10 };
    assert.equal((await bench.client.call("app.scale", { ...args, counts: { web: 3 } })).ready, true);
    assert.equal(new Set(slots("blog")).size, 3);
    const asked = [...new Set(slots("blog"))].map(ask);
    await new Promise((resolve) => setTimeout(resolve, 50)); // all three are being served
    await bench.client.call("app.scale", { ...args, counts: { web: 1 } });
    assert.deepEqual(await Promise.all(asked), ["slow", "slow", "slow"]);
    assert.equal(new Set(slots("blog")).size, 1);
  });
});

describe("two requests at once for one app", () => {
  it("what is started while the app is forgotten is forgotten, too", async () => {
    await bench.start();
    bench.release("blog", 1, { worker: { command: "trap '' TERM; while :; do sleep 0.1; done", stopTimeout: 1 } });
    bench.release("blog", 2, { web: { command: serverCommand("tcp", "two") } });
    await deploy("blog", 1);
    const forgotten = bench.client.call("app.forget", { app: "blog" });
    await bench.client.call("app.start", { app: "blog", release: 2 });
    await forgotten;
    assert.deepEqual((await bench.client.call("status", {})).apps, []);
    assert.deepEqual(benchProcesses(bench.layout.root), []);
  });

  it("fill each place once: of scales, of starts again, and of renewals", async () => {
    await bench.start();
    bench.release("blog", 1, { web: { command: serverCommand("tcp", "one") } });
    await deploy("blog", 1);
    const { call } = bench.client;
    const app = "blog";
    const places = async () =>
      (await call("status", {})).apps[0]?.instances.map(({ type, index }) => `${type}.${index}`).sort();
    const scale = { app, counts: { web: 3 }, drain: 0, timeout: 15 };
    await Promise.all([call("app.scale", scale), call("app.scale", scale)]);
    assert.deepEqual(await places(), ["web.1", "web.2", "web.3"]);
    await call("app.stop", { app });
    await Promise.all([call("app.resume", { app, timeout: 15 }), call("app.resume", { app, timeout: 15 })]);
    assert.deepEqual(await places(), ["web.1", "web.2", "web.3"]);
    await Promise.all([call("app.renew", { app, timeout: 15 }), call("app.renew", { app, timeout: 15 })]);
    await call("app.swap", { app, drain: 0 });
    assert.deepEqual(await places(), ["web.1", "web.2", "web.3"]);
  });
});
