/** Two who change the same user, group or rights at once: who says what it has seen is refused when the other was faster. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { apiPrefix } from "#core/api/prefix.ts";
import { createUser } from "#store/users.ts";
import { people } from "./people.ts";

test("a change of what somebody else has changed since is refused, and changes nothing", async (context) => {
  const { store, url, boss } = await people(context);
  await createUser(store, "ada", "viewer");
  const ask = async (method: string, path: string, body?: unknown, ifMatch?: string) => {
    const headers = {
      authorization: `Bearer ${boss}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
    };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await fetch(`${url}${apiPrefix}${path}`, init);
    return { status: response.status, tag: response.headers.get("etag") ?? "", text: await response.text() };
  };
  assert.equal((await ask("POST", "/groups", { group: "team" })).status, 201);
  const role = (to: string) => ["PUT", "/users/ada/role", { role: to }] as const;
  const grant = (to: string) => ["PUT", "/apps/blog/access", { subject: "ada", role: to }] as const;
  const cases = [
    { seen: "/users/ada", first: role("developer"), then: role("auditor") },
    { seen: "/groups/team", first: ["PUT", "/groups/team/members/ada"], then: ["DELETE", "/groups/team"] },
    { seen: "/apps/blog/access", first: grant("viewer"), then: grant("admin") },
  ] as const;
  for (const { seen, first, then } of cases) {
    const { tag } = await ask("GET", seen);
    assert.match(tag, /^"[\w-]{22}"$/, seen);
    const [firstMethod, firstPath, firstBody] = first;
    assert.equal((await ask(firstMethod, firstPath, firstBody)).status, 200, seen);
    const after = await ask("GET", seen);
    assert.notEqual(after.tag, tag, seen);
    const [method, path, body] = then;
    const late = await ask(method, path, body, tag);
    assert.equal(late.status, 412, late.text);
    assert.match(late.text, /CHANGED_MEANWHILE/);
    assert.deepEqual(await ask("GET", seen), after);
    const told = await ask(method, path, body, after.tag);
    assert.equal(told.status, 200, told.text);
  }
});
