/** Users, groups and rights as several admins have them: two who change the same at once, and lists that are long. */
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
    { seen: "/users/ada", first: role("developer"), late: role("auditor") },
    { seen: "/groups/team", first: ["PUT", "/groups/team/members/ada"], late: ["DELETE", "/groups/team"] },
    { seen: "/apps/blog/access", first: grant("viewer"), late: grant("admin") },
  ] as const;
  for (const { seen, first, late } of cases) {
    const { tag } = await ask("GET", seen);
    assert.match(tag, /^"[\w-]{22}"$/, seen);
    const [firstMethod, firstPath, firstBody] = first;
    assert.equal((await ask(firstMethod, firstPath, firstBody)).status, 200, seen);
    const after = await ask("GET", seen);
    assert.notEqual(after.tag, tag, seen);
    const [method, path, body] = late;
    const refused = await ask(method, path, body, tag);
    assert.equal(refused.status, 412, refused.text);
    assert.match(refused.text, /CHANGED_MEANWHILE/);
    assert.deepEqual(await ask("GET", seen), after);
    const told = await ask(method, path, body, after.tag);
    assert.equal(told.status, 200, told.text);
  }
});

test("users and groups come in pages, and the commands show them all", async (context) => {
  const { store, boss, ask, run } = await people(context);
  const names = Array.from({ length: 104 }, (_, index) => `user-${String(index).padStart(3, "0")}`);
  for (const name of names) await createUser(store, name, "viewer");
  const first = await ask("GET", "/users?limit=100", boss);
  const { next } = first.body as { next: string };
  const second = await ask("GET", `/users?cursor=${next}`, boss);
  const told = [first, second].flatMap(({ body }) => (body["users"] as { user: string }[]).map(({ user }) => user));
  assert.deepEqual(told, ["boss", ...names]);
  assert.equal(second.body["next"], null);
  assert.equal((await ask("GET", "/users?limit=501", boss)).status, 400);
  assert.equal((await ask("GET", "/users?cursor=bm9uZQ", boss)).status, 400);
  const listed = (await run(["user", "list", "--json"])).envelope() as unknown as { data: { users: object[] } };
  assert.equal(listed.data.users.length, 105);

  for (const group of ["alpha", "beta"]) assert.equal((await ask("POST", "/groups", boss, { group })).status, 201);
  const groups = await ask("GET", "/groups?limit=1", boss);
  const rest = await ask("GET", `/groups?cursor=${String(groups.body["next"])}`, boss);
  assert.match(groups.text + rest.text, /alpha.*beta/s);
  assert.equal(rest.body["next"], null);
});
