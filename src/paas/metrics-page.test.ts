import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { InstanceStatus, Metrics } from "#supervisor/protocol.ts";
import { parseExposition, valueOf } from "../../test/exposition-grammar.ts";
import { exposition } from "./exposition.ts";
import { metricFamilies } from "./metrics-page.ts";

const instance = (more: Partial<InstanceStatus>): InstanceStatus => ({
  id: "a",
  release: 3,
  type: "web",
  index: 1,
  state: "ready",
  proven: true,
  pid: 1,
  address: null,
  since: "2026-01-01T00:00:00.000Z",
  restarts: 0,
  restartsInARow: 0,
  outOfMemory: 0,
  lastExit: null,
  failure: null,
  retryAt: null,
  ...more,
});
const used = (id: string, memoryBytes: number) => ({
  id,
  processes: 2,
  cpuSeconds: 1.25,
  memoryBytes,
  memoryLimitBytes: id === "a" ? 1000 : null,
  descriptors: 9,
  uptimeSeconds: 60.5,
});
const metrics: Metrics = {
  at: 5,
  instances: [used("a", 100), used("b", 20), used("c", 3)],
  services: [used("hop3d", 50)],
  supervisor: used("x", 40),
  startsWaiting: 7,
};
const service = (name: "hop3d" | "caddy", pid: number | null) => ({
  name,
  state: "ready" as const,
  pid,
  since: "",
  restarts: 2,
});
const page = (instances: readonly InstanceStatus[]) =>
  exposition(
    metricFamilies({
      looked: {
        metrics,
        status: {
          services: [service("hop3d", 5), service("caddy", null)],
          apps: [{ app: "blog", live: 3, stopped: false, instances }],
        },
      },
      apps: [{ app: "blog", state: "degraded", crashLoops: [], urls: [], release: 3, deployedAt: null }],
      logs: new Map([["blog", 4096]]),
      version: '1.0 "odd\\" \n',
      mode: "user",
    }),
  );
const web1 = { app: "blog", process: "web", instance: "web.1" };

describe("the page for Prometheus", () => {
  it("is of the format, and says of server, apps and instances what was measured", () => {
    const found = parseExposition(page([instance({})]));
    assert.equal(valueOf(found, "hop3_info", { version: '1.0 "odd\\" \n', mode: "user" }), 1);
    assert.equal(valueOf(found, "hop3_starts_waiting"), 7);
    assert.equal(valueOf(found, "hop3_service_up", { service: "caddy" }), 0);
    assert.equal(valueOf(found, "hop3_service_memory_bytes", { service: "supervisor" }), 40);
    assert.equal(valueOf(found, "hop3_service_memory_bytes", { service: "caddy" }), undefined);
    assert.equal(valueOf(found, "hop3_service_restarts_total", { service: "hop3d" }), 2);
    assert.equal(valueOf(found, "hop3_app_log_bytes", { app: "blog" }), 4096);
    assert.equal(valueOf(found, "hop3_app_state", { app: "blog", state: "degraded" }), 1);
    assert.equal(valueOf(found, "hop3_app_state", { app: "blog", state: "running" }), 0);
    assert.equal(valueOf(found, "hop3_instance_cpu_seconds_total", web1), 1.25);
    assert.equal(valueOf(found, "hop3_instance_memory_bytes", web1), 100);
    assert.equal(valueOf(found, "hop3_instance_memory_limit_bytes", web1), 1000);
    assert.equal(valueOf(found, "hop3_instance_open_files", web1), 9);
    assert.equal(valueOf(found, "hop3_instance_uptime_seconds", web1), 60.5);
  });

  it("has one series a place, of the one that serves, and the memory of all", () => {
    const found = parseExposition(
      page([
        instance({ id: "c", proven: false, state: "starting" }),
        instance({ id: "b", state: "draining" }),
        instance({ id: "a" }),
        instance({ id: "d", release: 2, state: "warm" }),
      ]),
    );
    assert.equal(found.get("hop3_instance_memory_bytes")?.series.size, 1);
    assert.equal(valueOf(found, "hop3_instance_memory_bytes", web1), 100);
    assert.equal(valueOf(found, "hop3_app_memory_bytes", { app: "blog" }), 123);
  });

  it("tells a crash loop, and what waits for its next try takes nothing", () => {
    const found = parseExposition(
      page([instance({ id: "gone", state: "backoff", restarts: 4, restartsInARow: 4, outOfMemory: 5 })]),
    );
    assert.equal(valueOf(found, "hop3_instance_crash_looping", web1), 1);
    assert.equal(valueOf(found, "hop3_instance_ready", web1), 0);
    assert.equal(valueOf(found, "hop3_instance_restarts_total", web1), 4);
    assert.equal(valueOf(found, "hop3_instance_out_of_memory_total", web1), 5);
    assert.equal(valueOf(found, "hop3_instance_memory_bytes", web1), undefined);
  });
});

it("the tests' reader of the format refuses what is none", () => {
  const family = "# HELP a_b Text.\n# TYPE a_b gauge\n";
  assert.equal(parseExposition(`${family}a_b 1\n`).get("a_b")?.series.size, 1);
  for (const bad of [
    `${family}a_b 1`,
    `${family}a_b 1\na_b 2\n`,
    `${family}a_b{x="1} 1\n`,
    `${family}a_b{x="a\\q"} 1\n`,
    `${family}a_b one\n`,
    `${family}c 1\n`,
    `${family}${family}`,
    "# TYPE a gauge\na 1\n",
    "# HELP a Text.\n# TYPE a counter\na 1\n",
  ])
    assert.throws(() => parseExposition(bad), Error, bad);
});
