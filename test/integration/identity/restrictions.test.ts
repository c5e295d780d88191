/** Every kind of credential against every restriction that it may carry, by HTTP as a client sees it (check-list A11, A12). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NewToken } from "#store/tokens.ts";
import { createToken, revokeToken } from "#store/tokens.ts";
import { createUser, deleteUser, setDisabled, setRole } from "#store/users.ts";
import { removeGrant, setGrant } from "#store/grants.ts";
import { attempt, makePerson, password, whole } from "#identity/testing.ts";
import { people } from "./people.ts";

type Kind = "token" | "session" | "token of a service account";

const past = "2020-01-01T00:00:00.000Z";

/** What may stop a credential that would else do, and with which status `GET /apps/blog` then answers. */
const restrictions: readonly [name: string, limits: Partial<NewToken>, status: number][] = [
  ["nothing", {}, 200],
  ["an address elsewhere", { addresses: ["192.0.2.0/24"] }, 401],
  ["an address of the other family", { addresses: ["::/0"] }, 401],
  ["its own address", { addresses: ["127.0.0.1"] }, 200],
  ["a time that is over", { expiresAt: past }, 401],
  ["no use at all", { idleSeconds: 0 }, 401],
  ["another app", { apps: ["shop"] }, 404],
  ["its own app", { apps: ["blog"] }, 200],
  ["another action", { actions: ["app.logs"] }, 404],
  ["no action", { actions: [] }, 404],
  ["its own action", { actions: ["app.show"] }, 200],
];

test("each restriction holds for each kind of credential", async (context) => {
  const { store, ask } = await people(context);
  await createUser(store, "ada", "developer");
  await createUser(store, "ci", "developer", { kind: "service" });
  const kinds: readonly [Kind, NewToken][] = [
    ["token", { user: "ada", name: "x", kind: "token" }],
    ["session", { user: "ada", name: "x", kind: "session" }],
    ["token of a service account", { user: "ci", name: "x", kind: "token" }],
  ];
  for (const [kind, base] of kinds) {
    for (const [name, limits, status] of restrictions) {
      const { secret } = await createToken(store, { ...base, ...limits });
      const answer = await ask("GET", "/apps/blog", secret);
      assert.equal(answer.status, status, `${kind}, narrowed to ${name}: ${answer.text}`);
    }
  }
});

test("what is taken away is away for each kind of credential with the next request", async (context) => {
  const { store, ask } = await people(context);
  const ways: readonly [
    name: string,
    role: "member" | "developer",
    take: (user: string, id: string) => Promise<unknown>,
    status: number,
  ][] = [
    ["revoked", "developer", (_, id) => revokeToken(store, id), 401],
    ["its user disabled", "developer", (user) => setDisabled(store, user, true), 401],
    ["its user removed", "developer", (user) => deleteUser(store, user), 401],
    ["its user's role changed", "developer", (user) => setRole(store, "default", user, "member"), 404],
    [
      "its user's right for the app revoked",
      "member",
      (user) => removeGrant(store, "blog", { kind: "user", name: user }),
      404,
    ],
  ];
  let count = 0;
  for (const [name, role, take, status] of ways) {
    for (const kind of ["token", "session"] as const) {
      const user = `user${(count += 1)}`;
      await createUser(store, user, role);
      if (role === "member")
        await setGrant(store, { app: "blog", subject: { kind: "user", name: user }, role: "viewer", by: "boss" });
      const { secret, token } = await createToken(store, { user, name: "x", kind });
      assert.equal((await ask("GET", "/apps/blog", secret)).status, 200);
      await take(user, token.id);
      const answer = await ask("GET", "/apps/blog", secret);
      assert.equal(answer.status, status, `${kind}, ${name}: ${answer.text}`);
    }
  }
});

// A6: an empty policy is no way in.
test("no credential, an empty one, and half of one open nothing", async (context) => {
  const { ask, boss, url } = await people(context);
  for (const secret of [
    "",
    " ",
    "hop3_",
    boss.slice(0, -1),
    `${boss}x`,
    boss.toLowerCase(),
    `${boss} ${boss}`,
    "null",
    "undefined",
  ]) {
    assert.equal((await ask("GET", "/users", secret)).status, 401, JSON.stringify(secret));
  }
  for (const authorization of [boss, `Basic ${btoa(`boss:${boss}`)}`, `Token ${boss}`, `Bearer`, `Bearer\t${boss}`]) {
    const response = await fetch(`${url}/api/v1/users`, { headers: { authorization } });
    assert.equal(response.status, 401, authorization.replace(boss, "SECRET"));
  }
  assert.equal((await ask("GET", `/users?token=${boss}`)).status, 401);
  assert.equal((await fetch(`${url}/api/v1/users`, { headers: { cookie: `token=${boss}` } })).status, 401);
});

test("a session is as good as its user and no better: an own account is nobody else's", async (context) => {
  const { ask, identity } = await people(context);
  await makePerson(identity, "ada");
  await makePerson(identity, "bob", "admin");
  const [ada, bob] = [whole(await attempt(identity, "ada")), whole(await attempt(identity, "bob"))];
  const made = await ask("POST", "/account/tokens", bob, { name: "ci" });
  const { id } = made.body["token"] as { id: string };
  const session = ((await ask("GET", "/account/sessions", bob)).body["sessions"] as { id: string }[])[0]?.id ?? "";
  for (const [method, path] of [
    ["DELETE", `/account/tokens/${id}`],
    ["DELETE", `/account/sessions/${session}`],
  ] as const) {
    assert.equal((await ask(method, path, ada)).status, 404, path);
  }
  for (const [method, path, body] of [
    ["GET", "/users", undefined],
    ["GET", "/users/bob/tokens", undefined],
    ["GET", "/users/bob/sessions", undefined],
    ["DELETE", `/users/bob/tokens/${id}`, undefined],
    ["DELETE", `/users/bob/sessions/${session}`, undefined],
    ["POST", "/users/ada/tokens", { name: "x" }],
    ["POST", "/users/bob/password", undefined],
    ["PUT", "/users/ada/role", { role: "admin" }],
    ["POST", "/users", { user: "eve", role: "admin" }],
    ["PUT", "/groups/ops/members/ada", undefined],
    ["GET", "/groups", undefined],
    ["PUT", "/apps/blog/access", { subject: "ada", role: "admin" }],
  ] as const) {
    const answer = await ask(method, path, ada, body);
    assert.equal(answer.status, 403, `${method} ${path}: ${answer.text}`);
  }
  assert.equal((await ask("GET", "/account/tokens", bob)).status, 200);
});

test("a token that is narrowed to other things cannot touch its owner's account", async (context) => {
  const { ask, identity, store } = await people(context);
  await makePerson(identity, "ada");
  const { secret } = await createToken(store, { user: "ada", name: "ci", actions: ["app.deploy", "app.show"] });
  for (const [method, path, body] of [
    ["GET", "/account/tokens", undefined],
    ["GET", "/account/sessions", undefined],
    ["POST", "/account/tokens", { name: "x" }],
    ["POST", "/account/password", { present: password, next: "my own long password" }],
    ["POST", "/account/totp", { password }],
    ["DELETE", "/account/sessions", undefined],
  ] as const) {
    assert.equal((await ask(method, path, secret, body)).status, 403, path);
  }
  // What it may: end itself.
  assert.equal((await ask("POST", "/auth/logout", secret)).status, 200);
  assert.equal((await ask("GET", "/whoami", secret)).status, 401);
});
