import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { nowhere } from "#core/actor.ts";
import { defaultDomain } from "./app-address.ts";
import { appState } from "./app-state.ts";
import { generateValue } from "./generate-env.ts";
import { parseLogLine } from "./log-line.ts";
import { processSpecs } from "./process-specs.ts";

test("an app answers below the base domain, also with a name too long for a label", () => {
  assert.equal(defaultDomain("blog", "localhost"), "blog.localhost");
  const [a, b] = [`${"a".repeat(63)}b`, `${"a".repeat(63)}c`].map((name) => defaultDomain(name, "localhost"));
  assert.equal(a?.split(".")[0]?.length, 63);
  assert.notEqual(a, b);
});

test("generated values have the asked form and length, and differ", () => {
  const make = (format: "hex" | "base64" | "urlsafe" | "password" | "uuid", length?: number) =>
    generateValue({ name: "K", kind: "generate", format, ...(length === undefined ? {} : { length }) });
  assert.match(make("hex"), /^[0-9a-f]{64}$/);
  assert.match(make("urlsafe", 9), /^[A-Za-z0-9_-]{12}$/);
  assert.match(make("password", 100), /^[A-Za-z0-9_-]{100}$/);
  assert.match(make("uuid"), /^[0-9a-f-]{36}$/);
  assert.equal(make("base64", 30).length, 40);
  assert.notEqual(make("hex"), make("hex"));
  assert.match(
    generateValue({ name: "K", kind: "generate", format: "hex", length: 4, prefix: "sk_" }),
    /^sk_[0-9a-f]{8}$/,
  );
});

test("a log line is taken apart, and a damaged one is shown as it is", () => {
  const at = "2026-11-21T10:00:00.000Z";
  assert.deepEqual(parseLogLine(`${at} err oh  no`, "web.1"), {
    at,
    source: "web.1",
    stream: "stderr",
    text: "oh  no",
  });
  assert.deepEqual(parseLogLine(`${at} out+ part`, "web.1"), { at, source: "web.1", stream: "stdout", text: "part" });
  assert.deepEqual(parseLogLine(`${at} out `, "w"), { at, source: "w", stream: "stdout", text: "" });
  assert.equal(parseLogLine("garbage", "web.1").text, "garbage");
});

describe("one word for an app", () => {
  const instance = (state: "ready" | "backoff" | "starting" | "warm", release = 2) => ({
    id: "x",
    release,
    type: "web",
    index: 1,
    state,
    proven: true,
    pid: null,
    address: null,
    since: "",
    restarts: 0,
    restartsInARow: 0,
    outOfMemory: 0,
    lastExit: null,
    failure: null,
    retryAt: null,
  });
  const live = { state: "running" as const, liveRelease: 2, destroyedBy: null };
  const of = (...instances: ReturnType<typeof instance>[]) =>
    appState(live, { stopped: false, live: 2, instances }, true);

  it("goes by the instances of the live release", () => {
    assert.equal(of(instance("ready"), instance("ready")), "running");
    assert.equal(of(instance("ready"), instance("backoff")), "degraded");
    assert.equal(of(instance("backoff")), "failed");
    assert.equal(of(instance("starting")), "starting");
    assert.equal(of(instance("ready"), instance("starting", 3)), "running");
    assert.equal(of(instance("backoff"), instance("warm", 1)), "failed");
  });

  it("is new before the first release, and stopped when it was stopped", () => {
    assert.equal(appState({ ...live, state: "new", liveRelease: null }, undefined, false), "new");
    assert.equal(appState({ ...live, state: "failed", liveRelease: null }, undefined, false), "failed");
    assert.equal(appState({ ...live, state: "stopped" }, { stopped: true, live: 2, instances: [] }, true), "stopped");
  });

  it("is running without any process when the edge serves it", () => {
    assert.equal(appState(live, undefined, false), "running");
  });

  it("is stopped when it has processes and none of them is wanted or known", () => {
    assert.equal(of(), "stopped");
    assert.equal(appState(live, undefined, true), "stopped");
  });

  it("is stopping once its end was asked for", () => {
    assert.equal(appState({ ...live, destroyedBy: { name: "ada", ...nowhere } }, undefined, true), "stopping");
  });
});

test("a process may have a name that every object knows", () => {
  const specs = processSpecs(
    {
      version: 2,
      app: "blog",
      build: 1,
      builder: "generic",
      summary: "",
      env: {},
      path: [],
      processes: { constructor: "sleep 1", valueof: "sleep 1" },
      cwd: ".",
      staticPaths: {},
      domains: [],
      spec: { hooks: {}, startTimeout: 60, env: [], envPolicy: "keep-existing" },
    },
    {},
  );
  assert.deepEqual(
    Object.values(specs).map(({ count }) => count),
    [1, 1],
  );
});
