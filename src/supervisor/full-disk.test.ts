/** The writes of the supervisor on a disk that is full, each at its place: what was asked fails, and what serves goes on. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { slotFile } from "#core/slots.ts";
import { exec } from "#sys/exec.ts";
import { eventually, makeBench, serverCommand, type Bench } from "./bench.ts";
import { saveDesired, type Desired } from "./desired.ts";

let bench: Bench;
/** The point at which there is no room, while it is set. */
let full: string | undefined;
beforeEach(async () => {
  bench = makeBench();
  full = undefined;
  const fault = (point: string): void => {
    if (point === full) throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
  };
  await bench.start({ fault });
  for (const release of [1, 2, 3])
    bench.release("blog", release, { web: { command: serverCommand("unix", `v${release}`) } });
  await start(1);
  await bench.client.call("app.cutover", { app: "blog", release: 1 });
});
afterEach(async () => {
  full = undefined;
  await bench.clean();
});

async function start(release: number): Promise<void> {
  await bench.client.call("app.start", { app: "blog", release });
  const { ready } = await bench.client.call("app.await", { app: "blog", release, timeout: 15 });
  assert.ok(ready);
}

/** Who answers where the edge would send a request. */
async function answers(): Promise<string> {
  const address = readFileSync(slotFile(bench.layout.slots("blog"), 0), "utf8");
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath: address.slice("unix/".length), path: "/" }, (response) => {
      let body = "";
      response.on("data", (chunk) => (body += String(chunk))).on("end", () => resolve(body.split(" ")[0] ?? ""));
    });
    asking.on("error", reject).end();
  });
}

const status = async () => (await bench.client.call("status", {})).apps[0];
const isFull = { code: "DISK_FULL" };

describe("the desired state that cannot be written", () => {
  beforeEach(async () => {
    await start(2);
    full = "before-save";
  });

  it("starts nothing, and room lets it start", async () => {
    await assert.rejects(bench.client.call("app.start", { app: "blog", release: 3 }), isFull);
    assert.ok((await status())?.instances.every(({ release }) => release !== 3));
    assert.equal(await answers(), "v1");
    full = undefined;
    await start(3);
  });

  it("cuts nothing over, and room lets it", async () => {
    await assert.rejects(bench.client.call("app.cutover", { app: "blog", release: 2 }), isFull);
    assert.deepEqual([(await status())?.live, await answers()], [1, "v1"]);
    full = undefined;
    await bench.client.call("app.cutover", { app: "blog", release: 2 });
    assert.deepEqual([(await status())?.live, await answers()], [2, "v2"]);
  });

  it("retires nothing, and room lets it", async () => {
    full = undefined;
    await bench.client.call("app.cutover", { app: "blog", release: 2 });
    full = "before-save";
    const retire = { app: "blog", release: 1, drain: 0, warm: 0 };
    await assert.rejects(bench.client.call("app.retire", retire), isFull);
    assert.equal(await answers(), "v2");
    full = undefined;
    await bench.client.call("app.retire", retire);
    assert.deepEqual(
      (await status())?.instances.map(({ release }) => release),
      [2],
    );
    assert.equal(await answers(), "v2");
  });

  it("forgets nothing, and room lets it", async () => {
    await assert.rejects(bench.client.call("app.forget", { app: "blog" }), isFull);
    assert.equal(await answers(), "v1");
    full = undefined;
    await bench.client.call("app.forget", { app: "blog" });
    assert.equal(await status(), undefined);
  });

  it("scales, stops and restarts nothing", async () => {
    const scale = { app: "blog", counts: { web: 2 }, drain: 0, timeout: 5 };
    await assert.rejects(bench.client.call("app.scale", scale), isFull);
    await assert.rejects(bench.client.call("app.stop", { app: "blog" }), isFull);
    await assert.rejects(bench.client.call("app.renew", { app: "blog", timeout: 5 }), isFull);
    assert.equal(await answers(), "v1");
  });

  it("keeps no crashed instance from coming back", async () => {
    const before = (await status())?.instances.find(({ release }) => release === 1);
    process.kill(before?.pid ?? assert.fail(), "SIGKILL");
    await eventually(async () => {
      const now = (await status())?.instances.find(({ release }) => release === 1);
      return now?.state === "ready" && now.pid !== before?.pid;
    }, "it is up again");
    assert.equal(await answers(), "v1");
  });
});

describe("slots that cannot be written", () => {
  it("leave what serves the live one, and nobody goes who is still asked", async () => {
    await start(2);
    full = "before-slots";
    await assert.rejects(bench.client.call("app.cutover", { app: "blog", release: 2 }), isFull);
    assert.deepEqual([(await status())?.live, await answers()], [1, "v1"]);
    full = undefined;
    await bench.client.call("app.cutover", { app: "blog", release: 2 });
    full = "before-slots";
    const retiring = bench.client.call("app.retire", { app: "blog", release: 1, drain: 0, warm: 0 });
    await eventually(
      () => readFileSync(join(bench.layout.logs, "supervisor.log"), "utf8").includes("the slots could not"),
      "it is said",
    );
    assert.equal((await status())?.instances.length, 2);
    full = undefined;
    await retiring;
    assert.deepEqual([(await status())?.instances.length, await answers()], [1, "v2"]);
  });

  it("are written when there is room, without anybody asking", async () => {
    full = "before-slots";
    const before = (await status())?.instances[0];
    process.kill(before?.pid ?? assert.fail(), "SIGKILL");
    for (let slot = 0; slot < 12; slot += 1) rmSync(slotFile(bench.layout.slots("blog"), slot));
    await eventually(async () => (await status())?.instances[0]?.state === "ready", "it is up again");
    full = undefined;
    await eventually(
      () =>
        answers().then(
          (said) => said === "v1",
          () => false,
        ),
      "the edge is told",
    );
  });
});

it("a file of the desired state that does not fit leaves the one before, and no draft", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "hop3-full-"));
  const env = { PATH: process.env["PATH"] ?? "" };
  const mounted = await exec(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", dir], { env });
  t.after(async () => {
    if (mounted.exitCode === 0) await exec(["umount", dir], { env });
    rmSync(dir, { recursive: true });
  });
  const path = join(dir, "desired.json");
  const some = (count: number): Desired =>
    new Map(
      Array.from({ length: count }, (_, index) => [
        `app-${index}`,
        { stopped: false, live: 1, groups: [], instances: [] },
      ]),
    );
  saveDesired(path, some(3));
  if (mounted.exitCode !== 0) return t.skip(`this host lets us mount nothing: ${mounted.stderr.trim()}`);
  assert.throws(() => saveDesired(path, some(1000)), { code: "ENOSPC" });
  assert.equal(Object.keys((JSON.parse(readFileSync(path, "utf8")) as { apps: object }).apps).length, 3);
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.endsWith(".next")),
    [],
  );
  saveDesired(path, some(4));
});
