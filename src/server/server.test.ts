import assert from "node:assert/strict";
import { test } from "node:test";
import { apiPrefix, tarType } from "#core/api/prefix.ts";
import type { Problem } from "#core/api/errors.ts";
import type { Route } from "#core/api/route.ts";
import { routes } from "#core/api/routes.ts";
import { encodeDeployEnv } from "#core/api/deploy-env.ts";
import { can } from "#identity/can.ts";
import { appResource, server } from "#identity/principal.ts";
import type { AuditEntry } from "./refusals.ts";
import { createServer } from "./server.ts";
import { memoryPlatform, memoryServerOptions, somebody } from "./testing.ts";
import type { UseCases } from "./use-cases.ts";

const asAdmin = { authorization: "Bearer admin-token", host: "localhost:8009" };
const json = { ...asAdmin, "content-type": "application/json" };
const tar = { ...asAdmin, "content-type": tarType };

function setUp() {
  const platform = memoryPlatform();
  platform.apps.set("blog", { env: { TOKEN: "canary-secret" }, domains: [], scale: 1, stopped: false, release: 1 });
  const options = memoryServerOptions(platform);
  const app = createServer(options);
  const ask = async (method: string, path: string, init: { headers?: Record<string, string>; body?: string } = {}) => {
    const response = await app.request(`${apiPrefix}${path}`, { method, headers: asAdmin, ...init });
    if (path.endsWith("/logs/stream") && response.status === 200) {
      await response.body?.cancel();
      return { status: 200, headers: response.headers, text: "", body: {} as Problem & Record<string, unknown> };
    }
    const text = await response.text();
    const body = (text.startsWith("{") ? JSON.parse(text) : {}) as Problem & Record<string, unknown>;
    return { status: response.status, headers: response.headers, text, body };
  };
  return { platform, options, app, ask };
}

function briefly({ actor, action, app, outcome }: AuditEntry): object {
  return { actor: actor.name, action, ...(app === undefined ? {} : { app }), outcome };
}

/** A path of the route with every parameter filled in. */
function examplePath(route: Route): string {
  return route.path
    .replace(":app", "blog")
    .replace(":deploy", "1")
    .replace(":domain", "a.example")
    .replace(":session", "x".repeat(22));
}

for (const [name, route] of Object.entries(routes) as [string, Route][]) {
  test(`${name} asks for the right that its route declares`, async () => {
    const { ask } = setUp();
    const nobody = await ask(route.method, examplePath(route), { headers: { host: "localhost" } });
    // Without the body that it takes a public route gets as far as missing it.
    const missing = route.body === undefined ? [200] : [400, 415];
    if (route.action === "public") assert.ok(missing.includes(nobody.status), nobody.text);
    else assert.equal(nobody.body.code, "UNAUTHENTICATED");

    const headers = { host: "localhost", authorization: "Bearer viewer-token" };
    const viewer = await ask(route.method, examplePath(route), { headers });
    const resource = route.path.includes(":app") ? appResource("blog", "default") : server;
    const may =
      route.action === "public" ||
      route.action === "signed-in" ||
      can(somebody("vi", "viewer"), route.action, resource);
    assert.equal(viewer.body.code === "DENIED", !may, `${viewer.status} ${viewer.text}`);
  });
}

test("a request without a token says how to authenticate", async () => {
  const { ask } = setUp();
  const { status, headers, body } = await ask("GET", "/apps", { headers: { host: "localhost" } });
  assert.equal(status, 401);
  assert.equal(headers.get("www-authenticate"), "Bearer");
  assert.equal(headers.get("content-type"), "application/problem+json");
  assert.equal(body.requestId, headers.get("x-request-id"));
});

test("a Host that is not the server's is refused before anything else: by TCP all but loopback names", async () => {
  const { app, options } = setUp();
  const evil = { ...asAdmin, host: "evil.example" };
  assert.equal((await app.request(`${apiPrefix}/version`, { headers: evil })).status, 403);
  for (const host of ["127.0.0.1:8009", "[::1]:8009", "localhost"]) {
    assert.equal((await app.request(`${apiPrefix}/version`, { headers: { host } })).status, 200, host);
  }
  const named = createServer({ ...options, adminDomain: "hop3.example.org" });
  const theirs = { ...asAdmin, host: "hop3.example.org", "x-forwarded-for": "203.0.113.7" };
  assert.equal((await named.request(`${apiPrefix}/version`, { headers: theirs })).status, 403);
});

test("every answer forbids sniffing, framing and caching, and none allows another origin", async () => {
  const { ask } = setUp();
  for (const path of ["/version", "/apps/none", "/nothing"]) {
    const { headers } = await ask("GET", path, { headers: { ...asAdmin, origin: "http://evil.example" } });
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("cache-control"), "no-store");
    assert.match(headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/);
    assert.equal(headers.get("access-control-allow-origin"), null);
  }
});

test("an unexpected error shows nothing of itself and is logged with the request's id", async () => {
  const { platform, options } = setUp();
  const useCases = { ...platform.useCases, listApps: async () => Promise.reject(new Error("password=hunter2")) };
  const app = createServer({ ...options, useCases });
  const response = await app.request(`${apiPrefix}/apps`, { headers: asAdmin });
  const text = await response.text();
  assert.equal(response.status, 500);
  assert.doesNotMatch(text, /hunter2/);
  const { requestId } = JSON.parse(text) as Problem;
  assert.ok(options.logged.some((line) => line.includes("hunter2") && line.includes(requestId)));
});

test("a field that the contract does not name never leaves", async () => {
  const { platform, options } = setUp();
  const version = async () => ({ name: "hop3" as const, version: "1", api: "v1" as const, rowId: 7 });
  const app = createServer({ ...options, useCases: { ...platform.useCases, version } });
  const response = await app.request(`${apiPrefix}/version`, { headers: { host: "localhost" } });
  assert.deepEqual(await response.json(), { name: "hop3", version: "1", api: "v1" });
});

test("bad input names the field with its code and never its value", async () => {
  const { ask } = setUp();
  const cases: [string, string, Parameters<typeof ask>[2], string, RegExp][] = [
    ["GET", "/apps/Bad_Name", {}, "INVALID_APP_NAME", /app name/],
    ["GET", "/apps/none", {}, "APP_NOT_FOUND", /none/],
    ["GET", "/apps/blog/logs?lines=10001", {}, "INVALID_INPUT", /lines.*10000/],
    ["GET", "/apps/blog/logs?lines=0", {}, "INVALID_INPUT", /lines/],
    ["GET", "/apps/blog/logs?linse=5", {}, "INVALID_INPUT", /linse/],
    ["GET", "/apps/blog/logs?lines=5&lines=6", {}, "INVALID_INPUT", /twice/],
    ["GET", "/apps/blog/deploys/x", {}, "INVALID_INPUT", /deploy/],
    ["DELETE", "/apps/blog", {}, "INVALID_INPUT", /confirm/],
    ["DELETE", "/apps/blog?confirm=other", {}, "CONFIRMATION_NEEDED", /match/],
    ["PATCH", "/apps/blog/env", { headers: json, body: "{" }, "INVALID_INPUT", /JSON/],
    ["PATCH", "/apps/blog/env", { headers: json, body: "{}" }, "INVALID_INPUT", /set or unset/],
    ["PATCH", "/apps/blog/env", { headers: json, body: '{"set":{"A B":"s3cret"}}' }, "INVALID_INPUT", /A B/],
    ["PATCH", "/apps/blog/env", { headers: json, body: '{"set":{"A":"s3cret\\u0000"}}' }, "INVALID_INPUT", /NUL/],
    [
      "PATCH",
      "/apps/blog/env",
      { headers: { ...asAdmin, "content-type": "text/plain" }, body: "{}" },
      "UNSUPPORTED_MEDIA_TYPE",
      /json/,
    ],
    [
      "PATCH",
      "/apps/blog/env",
      { headers: { ...json, "content-encoding": "gzip" }, body: "{}" },
      "UNSUPPORTED_MEDIA_TYPE",
      /compressed/,
    ],
    ["PATCH", "/apps/blog/processes", { headers: json, body: '{"scale":{"web":-1}}' }, "INVALID_INPUT", /web/],
    ["PATCH", "/apps/blog/processes", { headers: json, body: '{"scale":{"web":65}}' }, "INVALID_INPUT", /64/],
    ["POST", "/apps/blog/domains", { headers: json, body: '{"domain":"http://x"}' }, "INVALID_INPUT", /domain/],
    ["POST", "/apps/blog/deploys", { headers: json, body: "{}" }, "UNSUPPORTED_MEDIA_TYPE", /x-tar/],
    ["POST", "/apps/blog/deploys", { headers: { ...tar, "hop3-env": "eyI" }, body: "" }, "INVALID_INPUT", /read/],
    ["GET", "/system/logs?service=sshd", {}, "INVALID_INPUT", /service/],
    ["GET", "/nothing", {}, "NOT_FOUND", /nothing/],
  ];
  for (const [method, path, init, code, say] of cases) {
    const { body, text } = await ask(method, path, init);
    assert.equal(body.code, code, `${method} ${path}: ${text}`);
    assert.match(text, say);
    assert.doesNotMatch(text, /s3cret/);
  }
});

test("a JSON body beyond 1 MiB is refused whether or not it says its length", async () => {
  const { ask } = setUp();
  const body = JSON.stringify({ set: { A: "x".repeat(1024 * 1024) } });
  assert.equal((await ask("PATCH", "/apps/blog/env", { headers: json, body })).body.code, "TOO_LARGE");
  const said = { ...json, "content-length": String(body.length) };
  assert.equal((await ask("PATCH", "/apps/blog/env", { headers: said, body })).status, 413);
});

test("an archive beyond the limit is refused while it comes", async () => {
  const { ask, platform } = setUp();
  const { status } = await ask("POST", "/apps/blog/deploys", { headers: tar, body: "x".repeat(4 * 1024 * 1024 + 1) });
  assert.equal(status, 413);
  assert.equal(platform.apps.get("blog")?.release, 1);
});

test("a deploy makes a new app only when told to, and carries variables beside the archive", async () => {
  const { ask, platform, options } = setUp();
  assert.equal((await ask("POST", "/apps/new/deploys", { headers: tar, body: "tar" })).body.code, "APP_NOT_FOUND");
  const headers = { ...tar, "hop3-env": encodeDeployEnv({ KEY: "välue" }) };
  const made = await ask("POST", "/apps/new/deploys?create=true", { headers, body: "tar" });
  assert.equal(made.status, 202);
  assert.deepEqual(made.body, { app: "new", deploy: 1, created: true });
  assert.equal(platform.uploaded.toString(), "tar");
  assert.equal(platform.apps.get("new")?.env["KEY"], "välue");
  assert.doesNotMatch(options.logged.join("\n"), /välue|admin-token/);
});

test("the environment's list has no values; reading them is a route of its own", async () => {
  const { ask } = setUp();
  assert.doesNotMatch((await ask("GET", "/apps/blog/env")).text, /canary-secret/);
  assert.match((await ask("GET", "/apps/blog/env/values")).text, /canary-secret/);
  const viewer = await ask("GET", "/apps/blog/env/values", {
    headers: { host: "localhost", authorization: "Bearer viewer-token" },
  });
  assert.equal(viewer.body.code, "DENIED");
  assert.doesNotMatch(viewer.text, /canary-secret/);
});

test("changing the environment answers what differs and which release that made", async () => {
  const { ask } = setUp();
  const change = (body: unknown) => ask("PATCH", "/apps/blog/env", { headers: json, body: JSON.stringify(body) });
  assert.deepEqual((await change({ set: { A: "1" }, unset: ["TOKEN"] })).body, {
    app: "blog",
    changed: ["A", "TOKEN"],
    release: 2,
    restarted: ["web"],
  });
  assert.deepEqual((await change({ set: { A: "1" } })).body["release"], null);
  assert.equal((await change({ set: { A: "1" }, unset: ["A"] })).body.code, "INVALID_INPUT");
});

test("a deploy's events resume after Last-Event-ID", async () => {
  const { ask } = setUp();
  const all = await ask("GET", "/apps/blog/deploys/1/events");
  assert.equal(all.headers.get("content-type"), "text/event-stream");
  assert.deepEqual(all.text.match(/^id: .*$/gm), ["id: 1", "id: 2", "id: 3", "id: 4"]);
  assert.match(all.text, /event: output\ndata: \{"line":"copying","stream":"stdout"\}\n\n/);
  const rest = await ask("GET", "/apps/blog/deploys/1/events", { headers: { ...asAdmin, "last-event-id": "3" } });
  assert.deepEqual(rest.text.match(/^id: .*$/gm), ["id: 4"]);
});

test("a stream that fails before its first event is a problem, later it is an event", async () => {
  const { ask, platform, options } = setUp();
  assert.equal((await ask("GET", "/apps/none/logs/stream")).body.code, "APP_NOT_FOUND");

  const line = { at: "2026-01-02T03:04:05Z", source: "web.1", stream: "stdout", text: "hello" } as const;
  const followLogs = async function* broken() {
    yield { event: "line" as const, data: line };
    throw new Error("password=hunter2");
  };
  const app = createServer({ ...options, useCases: { ...platform.useCases, followLogs } });
  const text = await (await app.request(`${apiPrefix}/apps/blog/logs/stream`, { headers: asAdmin })).text();
  assert.match(text, /event: line\ndata: .*hello.*\n\nevent: error\ndata: .*"INTERNAL"/);
  assert.doesNotMatch(text, /hunter2/);
});

test("a caller with too many requests is told when to come again; another one is answered", async () => {
  const { options } = setUp();
  const app = createServer({ ...options, rate: 1 });
  const ask = (token: string) =>
    app.request(`${apiPrefix}/apps`, { headers: { host: "localhost", authorization: `Bearer ${token}` } });
  const statuses = [];
  for (let time = 0; time < 11; time += 1) statuses.push((await ask("admin-token")).status);
  assert.deepEqual(new Set(statuses.slice(0, 10)), new Set([200]));
  const refused = await ask("admin-token");
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get("retry-after"), "1");
  assert.equal(((await refused.json()) as Problem).code, "RATE_LIMITED");
  assert.equal((await ask("viewer-token")).status, 200);
});

test("a client's name for its request is in the log beside ours, unless it could be taken for something else", async () => {
  const { ask, options } = setUp();
  const named = await ask("GET", "/version", { headers: { ...asAdmin, "x-request-id": "ci-4711" } });
  assert.notEqual(named.headers.get("x-request-id"), "ci-4711");
  assert.ok(options.logged.some((line) => line.includes('"clientRequestId":"ci-4711"')));
  await ask("GET", "/version", { headers: { ...asAdmin, "x-request-id": "x".repeat(65) } });
  await ask("GET", "/version", { headers: { ...asAdmin, "x-request-id": 'a","user":"root' } });
  assert.equal(options.logged.filter((line) => line.includes("clientRequestId")).length, 1);
});

test("a refusal, a mutation that fails and a look at secrets are written to the audit log", async () => {
  const { ask, options } = setUp();
  const viewer = { authorization: "Bearer viewer-token", host: "localhost" };
  await ask("DELETE", "/apps/blog?confirm=blog", { headers: viewer });
  await ask("GET", "/apps/blog/env/values", { headers: viewer });
  await ask("POST", "/apps/none/stop");
  await ask("GET", "/apps/blog/env/values");
  await ask("GET", "/system/logs?service=hop3d");
  await ask("GET", "/apps", { headers: { host: "localhost" } });
  await ask("GET", "/apps", { headers: { host: "evil.example" } });
  assert.deepEqual(options.audited.map(briefly), [
    { actor: "vi", action: "app.destroy", app: "blog", outcome: "DENIED" },
    { actor: "vi", action: "app.env.read", app: "blog", outcome: "DENIED" },
    { actor: "ada", action: "app.operate", app: "none", outcome: "APP_NOT_FOUND" },
    { actor: "ada", action: "app.env.read", app: "blog", outcome: "ok" },
    { actor: "ada", action: "system.logs", outcome: "ok" },
    { actor: "nobody", action: "app.list", outcome: "UNAUTHENTICATED" },
    { actor: "nobody", action: "request", outcome: "DENIED" },
  ]);
});

test("a mutation of which its use case tells nothing is told by the server, one that tells is not, and a look is none", async () => {
  const { platform, options } = setUp();
  const stopApp: UseCases["stopApp"] = async (call) => {
    call.actor.onEvent?.("ok");
    return await platform.useCases.stopApp(call);
  };
  const app = createServer({ ...options, useCases: { ...platform.useCases, stopApp } });
  for (const path of ["/apps/blog/start", "/apps/blog/stop", "/apps/blog/cron/nightly/run"]) {
    const response = await app.request(`${apiPrefix}${path}`, { method: "POST", headers: asAdmin });
    assert.equal(response.status, 200, path);
    await response.text();
  }
  await app.request(`${apiPrefix}/apps/blog`, { headers: asAdmin });
  assert.deepEqual(
    options.audited.map((entry) => ({ ...briefly(entry), details: entry.details })),
    [
      { actor: "ada", action: "app.operate", app: "blog", outcome: "ok", details: { route: "startApp" } },
      { actor: "ada", action: "app.operate", app: "blog", outcome: "ok", details: { route: "runCron" } },
    ],
  );
});

test("an entry says by which credential, from where and in which request", async () => {
  const { app, options } = setUp();
  const incoming = { url: `${apiPrefix}/apps/blog/env/values`, socket: { remoteAddress: "::ffff:192.0.2.7" } };
  const response = await app.request(incoming.url, { headers: asAdmin }, { incoming });
  const [entry] = options.audited;
  assert.ok(entry);
  const { name, credential, address, requestId } = entry.actor;
  assert.deepEqual(
    { name, credential, address, requestId },
    {
      name: "ada",
      credential: { kind: "token", id: "token-of-ada", name: "laptop" },
      address: "192.0.2.7",
      requestId: response.headers.get("x-request-id"),
    },
  );
});

test("the audit log is not filled by repeating one refusal, nor by mistakes of typing", async () => {
  const { ask, options } = setUp();
  const viewer = { authorization: "Bearer viewer-token", host: "localhost" };
  for (let time = 0; time < 20; time += 1) await ask("POST", "/apps/blog/stop", { headers: viewer });
  await ask("PATCH", "/apps/blog/env", { headers: json, body: "{" });
  await ask("POST", "/apps/NOT%20A%20NAME/stop", { headers: viewer });
  assert.deepEqual(
    options.audited.map(({ app }) => app),
    ["blog", undefined],
  );
});

test("secrets are not shown when the look at them cannot be written down", async () => {
  const { options } = setUp();
  const audit = async () => {
    throw new Error("disk full");
  };
  const app = createServer({ ...options, audit });
  const response = await app.request(`${apiPrefix}/apps/blog/env/values`, { headers: asAdmin });
  assert.equal(response.status, 500);
  assert.doesNotMatch(await response.text(), /canary-secret/);
  const denied = await app.request(`${apiPrefix}/apps/blog/stop`, {
    method: "POST",
    headers: { authorization: "Bearer viewer-token", host: "localhost" },
  });
  assert.equal(denied.status, 403);
});

test("streams beyond the limit are refused, and ended ones make room", async () => {
  const { options } = setUp();
  const app = createServer({ ...options, streams: { perUser: 2, all: 3 } });
  const open = (token: string) =>
    app.request(`${apiPrefix}/apps/blog/logs/stream`, {
      headers: { authorization: `Bearer ${token}`, host: "localhost" },
    });
  const mine = [await open("admin-token"), await open("admin-token")];
  assert.equal((await open("admin-token")).status, 429);
  const other = await open("viewer-token");
  assert.equal(other.status, 200);
  assert.equal((await open("viewer-token")).status, 429);
  for (const response of [...mine, other]) await response.body?.cancel();
  const again = await open("admin-token");
  assert.equal(again.status, 200);
  await again.body?.cancel();
});

test("by the edge's socket it is the admin domain and nothing else, and the address is what the edge says", async () => {
  const { options } = setUp();
  const app = createServer({ ...options, adminDomain: "hop3.example.org" });
  const ask = (host: string, headers: Record<string, string>, remoteAddress?: string) => {
    const incoming = { url: `${apiPrefix}/version`, headers, socket: { remoteAddress } };
    return app.request(`${apiPrefix}/version`, { headers: { host, ...headers } }, { listener: "edge", incoming });
  };
  const from = { "x-forwarded-for": "203.0.113.7" };
  assert.equal((await ask("hop3.example.org", from)).status, 200);
  assert.equal((await ask("HOP3.example.org:8443", from)).status, 200);
  assert.ok(options.logged.some((line) => line.includes('"address":"203.0.113.7"')));
  for (const host of ["localhost", "127.0.0.1:8009", "blog.example.org", "hop3.example.org.evil.example"]) {
    assert.equal((await ask(host, { ...from, "x-forwarded-host": "hop3.example.org" })).status, 403, host);
  }
  assert.equal((await ask("hop3.example.org", { "x-real-ip": "203.0.113.7" }, "127.0.0.1")).status, 400);
});

test("an address that has other methods names them, and HEAD opens no stream", async () => {
  const { platform, app } = setUp();
  const ask = (method: string, path: string) => app.request(`${apiPrefix}${path}`, { method, headers: asAdmin });
  for (const [method, path, allow] of [
    ["HEAD", "/apps/blog/logs/stream", "GET"],
    ["PUT", "/whoami", "GET"],
    ["OPTIONS", "/apps/blog/deploys", "GET, POST"],
    ["BREW", "/version", "GET"],
  ] as const) {
    const response = await ask(method, path);
    assert.equal(response.status, 405, `${method} ${path}`);
    assert.equal(response.headers.get("allow"), allow);
    assert.equal(response.headers.get("content-type"), "application/problem+json");
  }
  assert.equal((await ask("PUT", "/apps/blog/nothing")).status, 404);
  assert.equal(platform.openStreams, 0);
});
