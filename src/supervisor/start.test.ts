import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { layoutOf } from "#core/layout.ts";
import { benchProcesses, eventually, makeBench, serverCommand, testOptions, type Bench } from "./bench.ts";
import { connectSupervisor } from "./client.ts";
import { startSupervisor } from "./daemon.ts";
import { listLogFiles } from "./log-files.ts";
import type { ServiceDefinition } from "./services.ts";

let bench: Bench;
beforeEach(() => {
  bench = makeBench();
});
afterEach(() => bench.clean());

const service = (name: "caddy" | "hop3d", line: string): ServiceDefinition => ({
  name,
  argv: ["/bin/sh", "-c", line],
  env: { PATH: "/usr/bin:/bin", ROOT: bench.layout.root },
});

describe("start and stop", () => {
  it("services are started, restarted when they die, and named in the status", async () => {
    await bench.start({
      services: [service("caddy", "echo caddy; exec sleep 1000"), service("hop3d", "sleep 0.2; exit 1")],
    });
    await eventually(async () => {
      const { services } = await bench.client.call("status", {});
      return services[0]?.state === "ready" && (services[1]?.restarts ?? 0) >= 2;
    }, "one is ready and the other came back twice");
    const before = (await bench.client.call("status", {})).services[0];
    await bench.client.call("service.restart", { service: "caddy" });
    await eventually(async () => {
      const now = (await bench.client.call("status", {})).services[0];
      return now?.state === "ready" && now.pid !== before?.pid;
    }, "another process");
    const text = listLogFiles(bench.layout.logs)
      .filter((file) => file.process === "caddy")
      .map((file) => readFileSync(file.path, "utf8"));
    assert.match(text.join(""), / out caddy\n/);
    await assert.rejects(connectSupervisor(join(bench.layout.run, "none.sock")).call("status", {}), {
      code: "UNAVAILABLE",
    });
  });

  it("stop leaves no process and forgets nothing", async () => {
    const first = await bench.start({ services: [service("caddy", "exec sleep 1000")] });
    bench.release("blog", 1, {
      web: { command: serverCommand("tcp", "one") },
      jobs: { command: "(setsid sleep 1000 &) ; exec sleep 1000" },
    });
    await bench.client.call("app.start", { app: "blog", release: 1 });
    await bench.client.call("app.await", { app: "blog", release: 1, timeout: 15 });
    await bench.client.call("app.cutover", { app: "blog", release: 1 });
    await first.stop();
    assert.deepEqual(benchProcesses(bench.layout.root), []);
    assert.deepEqual(benchProcesses(bench.env["BENCH"] ?? "none"), []);
    await bench.start();
    await eventually(async () => {
      const [app] = (await bench.client.call("status", {})).apps;
      return app?.instances.length === 2 && app.instances.every((one) => one.state === "ready");
    }, "all is back");
  });

  it("a second supervisor of a root is refused", async () => {
    await bench.start();
    await assert.rejects(startSupervisor(testOptions(bench.layout)), { code: "CONFLICT", message: /runs already/ });
  });

  it("system mode is refused, since it is not built", async () => {
    await assert.rejects(startSupervisor({ ...testOptions(bench.layout), mode: "system" }), { code: "NOT_BUILT_YET" });
  });

  it("a socket path that Linux cannot take is refused by its name", async () => {
    const run = join(bench.layout.run, "r".repeat(90));
    const layout = layoutOf({ root: bench.layout.root, run });
    await assert.rejects(startSupervisor(testOptions(layout)), {
      code: "INVALID_INPUT",
      message: new RegExp(`${run}/.*bytes`),
    });
    assert.equal(existsSync(run), false);
  });

  it("an app name of 64 characters under a root of 90 bytes works", async () => {
    const base = mkdtempSync(join(tmpdir(), "h"));
    const root = join(base, "r".repeat(90 - base.length - 1));
    const layout = layoutOf({ root, run: bench.layout.run });
    assert.equal(Buffer.byteLength(root), 90);
    const app = `a${"b".repeat(63)}`;
    bench.release(app, 1, { web: { command: serverCommand("unix", "one") } });
    mkdirSync(layout.app(app), { recursive: true });
    for (const folder of ["builds", "releases"]) {
      rmSync(join(layout.app(app), folder), { recursive: true, force: true });
      writeTree(join(bench.layout.app(app), folder), join(layout.app(app), folder));
    }
    const supervisor = await startSupervisor(testOptions(layout));
    await bench.client.call("app.start", { app, release: 1 });
    assert.equal((await bench.client.call("app.await", { app, release: 1, timeout: 15 })).ready, true);
    await supervisor.stop();
    rmSync(base, { recursive: true });
  });

  it("a corrupt desired state is set aside, and the one before it used", async () => {
    const first = await bench.start();
    bench.release("blog", 1, { worker: {} });
    bench.release("blog", 2, { worker: {} });
    for (const release of [1, 2]) await bench.client.call("app.start", { app: "blog", release });
    await first.stop();
    writeFileSync(bench.layout.desiredState, "{ torn");
    await bench.start();
    const status = await bench.client.call("status", {});
    assert.deepEqual(
      status.apps[0]?.instances.map((one) => one.release),
      [1],
    );
    const aside = readdirSync(bench.layout.supervisor).find((name) => name.startsWith("desired.json.corrupt-"));
    assert.equal(readFileSync(join(bench.layout.supervisor, aside ?? assert.fail()), "utf8"), "{ torn");
    assert.match(readFileSync(join(bench.layout.logs, "supervisor.log"), "utf8"), /set aside/);
  });

  it("a desired state of a newer Hop3 is refused and left as it is", async () => {
    mkdirSync(bench.layout.supervisor, { recursive: true });
    writeFileSync(bench.layout.desiredState, '{"version":4,"apps":{}}');
    await assert.rejects(bench.start(), { code: "CONFLICT", message: /newer Hop3/ });
    assert.equal(readFileSync(bench.layout.desiredState, "utf8"), '{"version":4,"apps":{}}');
  });
});

function writeTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.isDirectory()) writeTree(join(from, entry.name), join(to, entry.name));
    else writeFileSync(join(to, entry.name), readFileSync(join(from, entry.name)));
  }
}
