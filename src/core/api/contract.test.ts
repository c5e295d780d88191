import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { actions } from "../actions.ts";
import { decodeDeployEnv, encodeDeployEnv } from "./deploy-env.ts";
import type { Route } from "./route.ts";
import { gitActions } from "./git.ts";
import { routes } from "./routes.ts";

const named: [string, Route][] = Object.entries(routes);

for (const [name, route] of named) {
  test(`${name} names a parameter for each in its path, its events, and a right that exists`, () => {
    const inPath = new Set([...route.path.matchAll(/:([a-z]+)/g)].map(([, word]) => word));
    assert.deepEqual(inPath, new Set(Object.keys(route.params?.shape ?? {})));
    assert.equal(route.response === "sse", route.events !== undefined);
    assert.ok(["public", "signed-in", ...actions].includes(route.action));
    // Only what changes nothing may be a GET, and a GET has no body.
    if (route.method === "GET") assert.equal(route.body, undefined);
  });
}

test("no two routes share a method and path, and every action is asked for by one", () => {
  const addresses = named.map(([, { method, path }]) => `${method} ${path}`);
  assert.equal(new Set(addresses).size, addresses.length);
  const asked = new Set([...named.map(([, { action }]) => action), ...Object.values(gitActions)]);
  assert.deepEqual(
    actions.filter((action) => !asked.has(action)),
    [],
  );
});

test("objects that come in refuse keys that they do not know", () => {
  for (const [name, route] of named) {
    for (const schema of [route.params, route.query]) {
      if (schema === undefined) continue;
      const problems = schema.safeParse({ surely_unknown: "1" }).error?.issues ?? [];
      assert.ok(
        problems.some(({ code }) => code === "unrecognized_keys"),
        name,
      );
    }
    // What is handed over as it came is others' own, such as what a forge sends.
    if (route.body instanceof z.ZodType && route.raw !== true) {
      const problems = route.body.safeParse({ surely_unknown: "1" }).error?.issues ?? [];
      assert.ok(
        problems.some(({ code }) => code === "unrecognized_keys"),
        name,
      );
    }
  }
});

test("variables that ride along with a deploy come back as they were, and anything else is refused", () => {
  const env = { A: "1", LANG: "de_DE.UTF-8", TEXT: 'ü "quoted"\nline' };
  assert.deepEqual(decodeDeployEnv(encodeDeployEnv(env)), env);
  assert.deepEqual(decodeDeployEnv(undefined), {});
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  for (const bad of ["%%%", encode([]), encode(null), encode({ "A B": "1" }), encode({ A: 1 }), encode({ A: "\0" })]) {
    assert.throws(() => decodeDeployEnv(bad), { code: "INVALID_INPUT" }, bad);
  }
  assert.throws(() => encodeDeployEnv({ A: "x".repeat(9000) }), { code: "INVALID_INPUT" });
});
