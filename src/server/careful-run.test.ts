import assert from "node:assert/strict";
import { test } from "node:test";
import type { Problem } from "#core/api/errors.ts";
import { apiPrefix, tarType } from "#core/api/prefix.ts";
import { AppError } from "#core/errors.ts";
import { createServer } from "./server.ts";
import { memoryAnswers } from "./testing-answers.ts";
import { memoryPlatform, memoryServerOptions } from "./testing.ts";
import type { UseCases } from "./use-cases.ts";

function setUp(change: Partial<UseCases> = {}, answers = memoryAnswers()) {
  const platform = memoryPlatform();
  platform.apps.set("blog", { env: {}, domains: [], scale: 1, stopped: false, release: 1 });
  const options = memoryServerOptions(platform);
  const app = createServer({ ...options, answers, useCases: { ...platform.useCases, ...change } });
  const ask = async (method: string, path: string, headers: Record<string, string> = {}, body?: unknown) => {
    const response = await app.request(`${apiPrefix}${path}`, {
      method,
      headers: {
        host: "localhost",
        authorization: "Bearer admin-token",
        ...(body === undefined ? {} : { "content-type": typeof body === "string" ? tarType : "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: JSON.parse(text) as Problem & Record<string, unknown>,
      etag: response.headers.get("etag"),
      replayed: response.headers.get("idempotency-replayed"),
    };
  };
  return { platform, options, answers, ask };
}

const key = (name: string) => ({ "idempotency-key": `key-${name}-1234` });
const domain = (name: string) => ({ domain: name });

test("the same request with the same key is done once and answered the same", async () => {
  const { ask, platform, options } = setUp();
  const first = await ask("POST", "/apps/blog/domains", key("a"), domain("a.example.com"));
  const again = await ask("POST", "/apps/blog/domains", key("a"), domain("a.example.com"));
  assert.deepEqual([first.status, first.replayed], [201, null]);
  assert.deepEqual([again.status, again.body, again.replayed], [201, first.body, "true"]);
  assert.deepEqual(platform.apps.get("blog")?.domains, ["a.example.com"]);
  // It was told of once.
  assert.equal(options.audited.filter(({ action }) => action === "app.domain.write").length, 1);
  // Without the key it is done again, and refused as what it is.
  assert.equal((await ask("POST", "/apps/blog/domains", {}, domain("a.example.com"))).body.code, "DOMAIN_TAKEN");
});

test("another request with the key is refused: another body, another path; another credential has its own", async () => {
  const { ask } = setUp();
  assert.equal((await ask("POST", "/apps/blog/domains", key("a"), domain("a.example.com"))).status, 201);
  for (const [path, body] of [
    ["/apps/blog/domains", domain("b.example.com")],
    ["/apps/blog/run", { command: ["true"], terminal: null }],
  ] as const) {
    const { status, body: problem } = await ask("POST", path, key("a"), body);
    assert.deepEqual([status, problem.code], [409, "CONFLICT"]);
    assert.match(problem.title, /Another request/);
  }
  const viewer = { ...key("a"), authorization: "Bearer viewer-token" };
  assert.equal((await ask("POST", "/apps/blog/domains", viewer, domain("a.example.com"))).body.code, "DENIED");
});

test("of two at once one does it, and both have its answer", async () => {
  const gate = Promise.withResolvers<void>();
  let done = 0;
  const { ask } = setUp({
    rollback: async ({ params }) => {
      done += 1;
      await gate.promise;
      return { app: params.app, deploy: done, restores: 1 };
    },
  });
  const both = Array.from({ length: 5 }, () => ask("POST", "/apps/blog/rollback", key("r"), { release: 1 }));
  gate.resolve();
  const answers = await Promise.all(both);
  assert.deepEqual(
    answers.map(({ status, body }) => [status, body["deploy"]]),
    Array.from({ length: 5 }, () => [202, 1]),
  );
  assert.equal(done, 1);
});

test("what has failed is not remembered: who waited for it, and who asks again, does it anew", async () => {
  let tries = 0;
  const { ask, answers } = setUp({
    rollback: async ({ params }) => {
      tries += 1;
      if (tries < 3) throw new AppError("STORE_FAILED", "The database does not answer.");
      return { app: params.app, deploy: tries, restores: 1 };
    },
  });
  const two = [ask("POST", "/apps/blog/rollback", key("r"), {}), ask("POST", "/apps/blog/rollback", key("r"), {})];
  assert.deepEqual(new Set((await Promise.all(two)).map(({ status }) => status)), new Set([503]));
  assert.equal(answers.rows.size, 0);
  assert.equal((await ask("POST", "/apps/blog/rollback", key("r"), {})).body["deploy"], 3);
  assert.equal((await ask("POST", "/apps/blog/rollback", key("r"), {})).body["deploy"], 3);
});

test("after a restart the answer is still there; what the server was ended over is told as unknown", async () => {
  const { ask, answers } = setUp();
  const first = await ask("POST", "/apps/blog/domains", key("a"), domain("a.example.com"));
  const next = setUp({}, memoryAnswers(answers.rows));
  const again = await next.ask("POST", "/apps/blog/domains", key("a"), domain("a.example.com"));
  assert.deepEqual([again.body, again.replayed], [first.body, "true"]);
  assert.deepEqual(next.platform.apps.get("blog")?.domains, []);

  for (const row of answers.rows.values()) row.answer = null;
  const unknown = await next.ask("POST", "/apps/blog/domains", key("a"), domain("a.example.com"));
  assert.equal(unknown.status, 409);
  assert.match(unknown.body.title, /not known/);
});

test("an archive that is sent again is compared byte by byte, and not deployed twice", async () => {
  const { ask, platform } = setUp();
  const send = (archive: string) => ask("POST", "/apps/blog/deploys", key("d"), archive);
  const first = await send("an archive");
  const again = await send("an archive");
  assert.deepEqual([again.status, again.body, again.replayed], [202, first.body, "true"]);
  assert.equal(platform.apps.get("blog")?.release, 2);
  assert.equal((await send("an Archive")).body.code, "CONFLICT");
  assert.equal(platform.apps.get("blog")?.release, 2);
});

test("a key of another form, and one on a route that takes none, is refused", async () => {
  const { ask } = setUp();
  for (const bad of ["", "short", "x".repeat(129), "with space", "ü".repeat(8), "a;touch pwned"]) {
    const headers = { "idempotency-key": Buffer.from(bad).toString("latin1") };
    assert.equal((await ask("POST", "/apps/blog/stop", headers)).body.code, "INVALID_INPUT", bad);
  }
  for (const [method, path] of [
    ["GET", "/apps"],
    ["DELETE", "/apps/blog?confirm=blog"],
    ["POST", "/apps/blog/cron/nightly/run"],
  ] as const) {
    assert.match((await ask(method, path, key("a"))).body.title, /takes no Idempotency-Key/);
  }
});

test("who changes what somebody else has changed meanwhile is refused, and told what it is now", async () => {
  const { ask, platform } = setUp();
  const seen = await ask("GET", "/apps/blog/processes");
  assert.match(seen.etag ?? "", /^"[\w-]{22}"$/);
  const mine = { "if-match": seen.etag ?? "" };
  const first = await ask("PATCH", "/apps/blog/processes", mine, { scale: { web: 3 } });
  assert.equal(first.status, 200);
  const late = await ask("PATCH", "/apps/blog/processes", mine, { scale: { web: 1 } });
  assert.deepEqual([late.status, late.body.code], [412, "CHANGED_MEANWHILE"]);
  assert.equal(platform.apps.get("blog")?.scale, 3);
  const now = await ask("GET", "/apps/blog/processes");
  assert.equal(first.etag, now.etag);
  assert.ok(late.body.details.join().includes(now.etag ?? "?"));
  assert.equal(
    (await ask("PATCH", "/apps/blog/processes", { "if-match": `"old", ${now.etag}` }, { scale: { web: 2 } })).status,
    200,
  );
  assert.equal((await ask("PATCH", "/apps/blog/processes", {}, { scale: { web: 1 } })).status, 200);
});

test("of two who have seen the same and change it at once, one is refused", async () => {
  const { ask, platform } = setUp();
  const { etag } = await ask("GET", "/apps/blog/domains");
  const names = ["a.example.com", "b.example.com", "c.example.com"];
  const changes = names.map((name) => ask("POST", "/apps/blog/domains", { "if-match": etag ?? "" }, domain(name)));
  const statuses = (await Promise.all(changes)).map(({ status }) => status);
  assert.deepEqual(
    statuses.toSorted((a, b) => a - b),
    [201, 412, 412],
  );
  assert.equal(platform.apps.get("blog")?.domains.length, 1);
});

test("a tag is of what people change, not of how it is at the moment, and of no value of a variable", async () => {
  const { ask, platform } = setUp();
  const tag = async (path: string) => (await ask("GET", path)).etag;
  const [processes, env] = [await tag("/apps/blog/processes"), await tag("/apps/blog/env")];
  Object.assign(platform.apps.get("blog") ?? {}, { release: 7, stopped: true });
  assert.equal(await tag("/apps/blog/processes"), processes);
  assert.equal(await tag("/apps/blog/env/values"), env);
  assert.equal((await ask("PATCH", "/apps/blog/env", { "if-match": env ?? "" }, { set: { A: "1" } })).status, 200);
  assert.notEqual(await tag("/apps/blog/env"), env);
});

test("an If-Match that is none, and one on a route that takes none, is refused", async () => {
  const { ask } = setUp();
  for (const bad of ["", "tag", '"open', 'W/"weak', `"${"x".repeat(2000)}"`]) {
    const { body } = await ask("PATCH", "/apps/blog/processes", { "if-match": bad }, { scale: { web: 1 } });
    assert.equal(body.code, "INVALID_INPUT", bad);
  }
  assert.match((await ask("POST", "/apps/blog/stop", { "if-match": "*" })).body.title, /takes no If-Match/);
});
