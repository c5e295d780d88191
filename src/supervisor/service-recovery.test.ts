import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { benchProcesses, eventually, makeBench, type Bench } from "./bench.ts";
import { listProcesses } from "./proc-tree.ts";
import type { ServiceDefinition } from "./services.ts";

let bench: Bench;
beforeEach(() => {
  bench = makeBench();
});
afterEach(() => bench.clean());

/** A supervisor in a process of its own, with one service; killed by the caller. */
async function startApart(service: ServiceDefinition) {
  const file = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);
  const { root, run } = bench.layout;
  const code = `
    const { layoutOf } = await import(${file("../core/layout.ts")});
    const { testOptions } = await import(${file("bench.ts")});
    const { startSupervisor } = await import(${file("daemon.ts")});
    await startSupervisor({ ...testOptions(layoutOf(${JSON.stringify({ root, run })})), services: [${JSON.stringify(service)}] });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  await eventually(async () => {
    const status = await bench.client.call("status", {}).catch(() => undefined);
    return status?.services[0]?.state === "ready";
  }, "the service is ready");
  return child;
}

describe("a service whose supervisor was killed", () => {
  const caddy = (line: string): ServiceDefinition => ({
    name: "caddy",
    argv: ["/bin/sh", "-c", line],
    env: { PATH: "/usr/bin:/bin" },
  });

  it("lives on and is taken over, unless its command is another one today", async () => {
    const first = await startApart(caddy("exec sleep 1000"));
    const before = (await bench.client.call("status", {})).services[0]?.pid;
    first.kill("SIGKILL");
    await once(first, "exit");

    const second = await startApart(caddy("exec sleep 1000"));
    assert.equal((await bench.client.call("status", {})).services[0]?.pid, before);
    second.kill("SIGKILL");
    await once(second, "exit");

    await bench.start({ services: [caddy("exec sleep 1001")] });
    await eventually(async () => {
      const now = (await bench.client.call("status", {})).services[0];
      return now?.state === "ready" && now.pid !== before;
    }, "the new command runs");
  });

  it("is ended and started anew, which is said, when its note is of another version", async () => {
    const first = await startApart(caddy("exec sleep 1000"));
    const before = (await bench.client.call("status", {})).services[0]?.pid;
    first.kill("SIGKILL");
    await once(first, "exit");
    const [note = assert.fail()] = globSync(join(bench.layout.supervisor, "services/*/*/about.json"));
    writeFileSync(note, readFileSync(note, "utf8").replace('"version":2', '"version":3'));

    await bench.start({ services: [caddy("exec sleep 1000")] });
    await eventually(async () => {
      const now = (await bench.client.call("status", {})).services[0];
      return now?.state === "ready" && now.pid !== before;
    }, "a new one runs");
    assert.ok(!listProcesses().some((one) => one.pid === before));
    assert.match(readFileSync(join(bench.layout.logs, "supervisor.log"), "utf8"), /cannot be taken over.*version 3/);
  });

  it("is taken over when its note is of version 1, which knew of no cgroup", async () => {
    const first = await startApart(caddy("exec sleep 1000"));
    const before = (await bench.client.call("status", {})).services[0]?.pid;
    first.kill("SIGKILL");
    await once(first, "exit");
    const [note = assert.fail()] = globSync(join(bench.layout.supervisor, "services/*/*/about.json"));
    const { mark, startedAt, fingerprint } = JSON.parse(readFileSync(note, "utf8")) as Record<string, unknown>;
    const logs = { root: bench.layout.logs, below: [] };
    const old = { version: 1, process: "caddy", logs, listens: null, startTimeout: 1, stopTimeout: 10 };
    writeFileSync(note, JSON.stringify({ ...old, fingerprint, mark, startedAt }));

    await bench.start({ services: [caddy("exec sleep 1000")] });
    const now = (await bench.client.call("status", {})).services[0];
    assert.deepEqual([now?.state === "ready" || now?.state === "restarting", now?.pid], [true, before]);
  });

  it("ends when it is not among the services any more", async () => {
    const first = await startApart(caddy("exec sleep 1000"));
    first.kill("SIGKILL");
    await once(first, "exit");
    await bench.start();
    assert.deepEqual(benchProcesses(bench.layout.root), []);
  });
});
