import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { benchProcesses, eventually, makeBench, serverCommand, type Bench } from "./bench.ts";
import { dyingArgv } from "./dying-argv.ts";
import type { InstanceStatus } from "./protocol.ts";

let bench: Bench;
beforeEach(() => {
  bench = makeBench();
});
afterEach(() => bench.clean());

const probe = (instance: string | null, release = 1) =>
  bench.client.call("app.probe", { app: "blog", release, instance });

function release(number: number, command: string, timeout = 20): void {
  const web = { command: serverCommand("tcp", "one"), count: 2 };
  bench.release("blog", number, { web, worker: {} }, { probe: { command, timeout } });
}

async function start(number: number): Promise<readonly InstanceStatus[]> {
  await bench.client.call("app.start", { app: "blog", release: number });
  const { ready, status } = await bench.client.call("app.await", { app: "blog", release: number, timeout: 15 });
  assert.equal(ready, true);
  return status.instances.filter((one) => one.release === number);
}

const idOf = (found: readonly InstanceStatus[], name: string) =>
  found.find(({ type, index }) => `${type}.${index}` === name)?.id ?? assert.fail(name);
const leftOf = () => benchProcesses(bench.layout.root);
const notes = () => readdirSync(join(bench.layout.supervisor, "jobs"));

describe("a health command", () => {
  it("runs as the app, beside the instance that it asks after", async () => {
    await bench.start();
    bench.env["SECRET"] = "it's $HOME";
    release(1, 'echo "$PROC_TYPE $PORT $HOP3_SOCKET"; echo "$SECRET"; pwd; exit 3');
    const found = await start(1);
    const second = found.find(({ type, index }) => type === "web" && index === 2) ?? assert.fail();
    const port = second.address?.split(":")[1];
    const { exit, output, timedOut } = await probe(second.id);
    const socket = `${bench.layout.instanceSockets}/${second.id}/s.sock`;
    assert.deepEqual(output, [`probe.2 ${port} ${socket}`, "it's $HOME", bench.layout.buildTree("blog", 1)]);
    assert.deepEqual([exit, timedOut], [3, false]);
    assert.deepEqual((await probe(idOf(found, "worker.1"))).output[0], "probe.1  ");
    assert.deepEqual((await probe(null)).output[0], "probe.1  ");
    assert.equal(existsSync(bench.layout.buildLog("blog", 1)), false);
  });

  it("has its end told and no more: lines that are few, short and fit for a terminal", async () => {
    await bench.start();
    const flood = "i=0; while [ $i -lt 30000 ]; do echo line $i; i=$((i+1)); done";
    const long = "head -c 3000000 /dev/zero | tr '\\0' x; echo";
    release(1, `${flood}; ${long}; printf 'a\\033[2Jb\\tc\\r\\n\\n'; printf 'no end'`);
    const { exit, output } = await probe(null);
    assert.equal(exit, 0);
    assert.equal(output.length, 20);
    assert.deepEqual(output.slice(-4), ["line 29999", "x".repeat(500), "a[2Jb c", "no end"]);
  });

  it("is killed with its whole tree when its time is over, or when it is canceled", async () => {
    await bench.start();
    release(1, "(setsid sleep 1000 &) ; echo asking; sleep 1000", 0.5);
    const late = await probe(null);
    assert.deepEqual([late.exit, late.timedOut, late.output[0]], [null, true, "asking"]);
    assert.deepEqual(leftOf(), []);
    release(2, "touch begun; (setsid sleep 1000 &) ; sleep 1000");
    const running = probe(null, 2);
    await eventually(() => existsSync(join(bench.layout.buildTree("blog", 1), "begun")), "it runs");
    await assert.rejects(probe(null, 2), { code: "CONFLICT" });
    assert.deepEqual(await bench.client.call("job.cancel", { app: "blog" }), { canceled: true });
    const { exit, canceled } = await running;
    assert.deepEqual([exit, canceled], [null, true]);
    assert.deepEqual([leftOf(), notes()], [[], []]);
  });

  it("asks after several instances side by side, and after one only once at a time; a cancel ends all", async () => {
    await bench.start();
    release(1, 'touch "asked.$PROC_TYPE"; (setsid sleep 1000 &); sleep 1000');
    const found = await start(1);
    const both = ["web.1", "web.2"].map((name) => probe(idOf(found, name)));
    const isAsked = (name: string) => existsSync(join(bench.layout.buildTree("blog", 1), `asked.${name}`));
    await eventually(() => isAsked("probe.1") && isAsked("probe.2"), "both are asked");
    await assert.rejects(probe(idOf(found, "web.2")), { code: "CONFLICT" });
    assert.deepEqual(await bench.client.call("job.cancel", { app: "blog" }), { canceled: true });
    assert.deepEqual(
      (await Promise.all(both)).map(({ canceled }) => canceled),
      [true, true],
    );
    assert.deepEqual(notes(), []);
  });

  it("that ran when the supervisor was killed is killed by the next, which says once that it was lost", async () => {
    release(1, "[ -e again ] && exit 0; touch again; (setsid sleep 1000 &); sleep 1000");
    const first = spawn(process.execPath, dyingArgv(bench.layout), { stdio: ["ignore", "pipe", "inherit"] });
    await once(first.stdout, "data");
    const asked = assert.rejects(probe(null), { code: "UNAVAILABLE" });
    await eventually(() => existsSync(join(bench.layout.buildTree("blog", 1), "again")), "it runs");
    const died = once(first, "exit");
    first.kill("SIGKILL");
    await Promise.all([asked, died]);
    await bench.start();
    assert.deepEqual(leftOf(), []);
    assert.equal((await probe(null)).lost, true);
    const { exit, lost } = await probe(null);
    assert.deepEqual([exit, lost, notes()], [0, false, []]);
  });

  it("is refused where the release has none, as those of earlier versions, and after what is not its own or not up", async () => {
    await bench.start();
    bench.release("blog", 1, { worker: {} });
    release(2, "true");
    const old = await start(1);
    const found = await start(2);
    await assert.rejects(probe(null, 1), { code: "NOT_FOUND", message: /no health command/ });
    await assert.rejects(probe(idOf(old, "worker.1"), 2), { code: "NOT_FOUND" });
    await assert.rejects(probe("abcdefgh", 2), { code: "NOT_FOUND" });
    await bench.client.call("app.retire", { app: "blog", release: 2, drain: 0, warm: 0 });
    await assert.rejects(probe(idOf(found, "web.1"), 2), { code: "NOT_FOUND" });
    const silent = { command: "sleep 1000" };
    bench.release("blog", 3, { web: silent }, { probe: { command: "true", timeout: 1 } });
    const { instances } = await bench.client.call("app.start", { app: "blog", release: 3 });
    const third = instances.find((one) => one.release === 3) ?? assert.fail();
    await assert.rejects(probe(third.id, 3), { code: "CONFLICT", message: /web\.1 .* not ready/ });
  });
});
