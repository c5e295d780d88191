import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { request } from "node:http";
import { afterEach, beforeEach, describe, it } from "node:test";
import { slotCount, slotFile } from "#core/slots.ts";
import { nobody } from "./slots.ts";
import { eventually, makeBench, serverCommand, type Bench } from "./bench.ts";

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
      const retired = await bench.client.call("app.retire", { app: "blog", release: 1, drain: 5 });
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
