import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { routes } from "#core/api/routes.ts";
import type { Route } from "#core/api/route.ts";
import { attempt, enrol, half, makePerson, password, askerOf } from "#identity/testing.ts";
import { addUser } from "#identity/users.ts";
import { query } from "#store/db.ts";
import { listTokens } from "#store/tokens.ts";
import { people } from "./people.ts";

test("hop3 login with a password, whoami, logout: the session is kept 0600, works, and is gone on both sides", async (context) => {
  const { run, identity, store, url, bare, home } = await people(context);
  await makePerson(identity, "ada");
  const login = await run(["login", url, "--user", "ada", "--password-stdin"], { env: bare, input: `${password}\n` });
  assert.equal(login.exitCode, 0, login.stderr);
  assert.match(login.stderr, /logged in to http:\/\/127\.0\.0\.1:\d+ as ada \(developer\)/);
  const file = join(home, ".config/hop3-cli/servers.toml");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const who = await run(["whoami"], { env: bare });
  assert.match(who.stdout, /^user {4}ada\nroles {3}developer\nby {6}session login \([0-9a-f]{16}\)\nends {4}20/);
  assert.match((await run(["auth", "whoami", "--json"], { env: bare })).stdout, /"kind": "session"/);
  const out = await run(["logout"], { env: bare });
  assert.deepEqual([out.exitCode, out.stdout], [0, ""]);
  assert.doesNotMatch(readFileSync(file, "utf8"), /hop3_/);
  assert.notEqual((await listTokens(store, "ada"))[0]?.revokedAt, null);
  assert.equal((await run(["whoami"], { env: bare })).exitCode, 4);
});

test("the next lines of stdin or of a file answer what is asked for next: a code, another password", async (context) => {
  const { run, identity, store, url, bare, home } = await people(context);
  await makePerson(identity, "ada");
  const { codes } = await enrol(identity, "ada");
  const input = `${password}\n${codes[0] ?? ""}\n`;
  const login = await run(["login", url, "--user", "ada", "--password-stdin"], { env: bare, input });
  assert.equal(login.exitCode, 0, login.stderr);

  const { oneTime } = await addUser(identity, await askerOf(store, "boss"), {
    name: "bob",
    role: "viewer",
    kind: "person",
  });
  const file = join(home, "answers");
  writeFileSync(file, `${oneTime?.password ?? ""}\nbob's own long password`);
  const first = await run(["login", url, "--user", "bob", "--password-file", file], { env: bare });
  assert.equal(first.exitCode, 0, first.stderr);
  const again = await run(["login", url, "--user", "bob", "--password-stdin"], {
    env: bare,
    input: "bob's own long password",
  });
  assert.equal(again.exitCode, 0, again.stderr);
});

test("what is missing or wrong is said, and no password is ever repeated", async (context) => {
  const { run, identity, url, bare } = await people(context);
  await makePerson(identity, "ada");
  await enrol(identity, "ada");
  const cases: [string[], string | undefined, number, RegExp][] = [
    [["--user", "ada"], undefined, 2, /nobody to ask for the password[^]*--password-stdin/],
    [["--user", "ada", "--password-stdin"], `${password}\n`, 2, /nobody to ask for the authenticator's code/],
    [["--user", "ada", "--password-stdin"], `${password}\n000000\n`, 4, /code is wrong/],
    [["--user", "ada", "--password-stdin"], "canary-wrong\n", 4, /do not fit/],
    [["--user", "none", "--password-stdin"], "canary-wrong\n", 4, /do not fit/],
    [["--password-stdin"], "canary-wrong\n", 2, /Whose password/],
    [["--user", "ada", "--password-stdin"], `${"canary".repeat(300)}\n`, 2, /not valid/],
    [["--user", "ada", "--password-file", "missing"], undefined, 2, /cannot be read/],
    [["--user", "ada", "--token-stdin"], "canary-token-1\n", 2, /needs no user/],
    [["--user", "ada", "--password-stdin"], "x".repeat(20_000), 2, /More than 16384 bytes/],
  ];
  for (const [words, input, exit, says] of cases) {
    const ran = await run(["login", url, ...words], { env: bare, ...(input === undefined ? {} : { input }) });
    assert.equal(ran.exitCode, exit, `${words.join(" ")}: ${ran.stderr}`);
    assert.match(ran.stderr, says);
    assert.doesNotMatch(ran.stderr + ran.stdout, /canary/);
  }
  const clear = await run(["login", "http://192.0.2.1:8009", "--user", "ada", "--password-stdin"], {
    env: bare,
    input: password,
  });
  assert.notEqual(clear.exitCode, 0);
});

test("a token of the environment is not logged out of, and one that has ended is forgotten", async (context) => {
  const { run, identity, store, url, bare } = await people(context);
  await makePerson(identity, "ada");
  const fromEnvironment = await run(["logout"]);
  assert.equal(fromEnvironment.exitCode, 2);
  assert.match(fromEnvironment.stderr, /HOP3_API_TOKEN/);
  await run(["login", url, "--user", "ada", "--password-stdin"], { env: bare, input: password });
  await query(store).deleteFrom("tokens").where("user_name", "=", "ada").execute();
  const out = await run(["logout"], { env: bare });
  assert.equal(out.exitCode, 0);
  assert.match(out.stderr, /had ended already/);
});

// A5: a partly authenticated session has no API surface at all.
test("the secret of a half-finished login is refused by every route that asks who it is", async (context) => {
  const { identity, store, ask, options } = await people(context);
  await makePerson(identity, "ada", "admin");
  await enrol(identity, "ada");
  const { oneTime } = await addUser(identity, await askerOf(store, "boss"), {
    name: "bob",
    role: "admin",
    kind: "person",
  });
  const secrets = [half(await attempt(identity, "ada")), half(await attempt(identity, "bob", oneTime?.password ?? ""))];
  let tried = 0;
  for (const route of Object.values(routes) as Route[]) {
    if (route.action === "public") continue;
    const path = route.path.replaceAll(/:([a-z]+)/g, (_, name: string) => (name === "app" ? "blog" : "1"));
    for (const secret of secrets) {
      const answer = await ask(route.method, path, secret, route.body === undefined ? undefined : {});
      assert.equal(answer.status, 401, `${route.method} ${path}: ${answer.text}`);
      assert.equal(answer.body["code"], "UNAUTHENTICATED");
      tried += 1;
    }
  }
  assert.ok(tried > 80);
  for (const secret of secrets) assert.ok(!options.logged.join().includes(secret));
});

test("neither the server's log nor the log of events has a password, a code or a secret of a login", async (context) => {
  const { identity, store, ask, options } = await people(context);
  await makePerson(identity, "ada");
  const { codes } = await enrol(identity, "ada");
  const first = await ask("POST", "/auth/login", undefined, { user: "ada", password });
  const done = await ask("POST", "/auth/login/totp", undefined, { login: first.body["login"], code: codes[0] });
  assert.equal(done.status, 200, done.text);
  await ask("POST", "/auth/login", undefined, { user: "ada", password: "canary-wrong" });
  await ask("POST", "/auth/login", undefined, { user: "canary-user", password: "canary-wrong" });
  await ask("POST", "/auth/login", undefined, { user: "ada", password: "canary", surely_unknown: "canary" });
  const events = await query(store).selectFrom("events").selectAll().execute();
  const written = options.logged.join("\n") + JSON.stringify(events);
  const { login, secret } = { login: String(first.body["login"]), secret: String(done.body["secret"]) };
  assert.match(login, /^hop3l_/);
  assert.match(secret, /^hop3_/);
  for (const text of [password, codes[0] ?? "", login, secret, "canary"]) assert.ok(!written.includes(text), text);
});

test("a password over 1024 bytes, NUL, wrong types and foreign keys are refused as bad input, without their value", async (context) => {
  const { ask } = await people(context);
  for (const body of [
    { user: "ada", password: "c".repeat(1025) },
    { user: "ada", password: "" },
    { user: "", password },
    { user: ["ada"], password },
    { user: "ada", password: { $ne: null } },
    { user: "ada" },
    [],
    null,
  ]) {
    const answer = await ask("POST", "/auth/login", undefined, body);
    assert.equal(answer.status, 400, JSON.stringify(body));
  }
  for (const [path, body] of [
    ["/auth/login/totp", { login: "hop3l_x", code: "1" }],
    ["/auth/login/password", { login: "\0", password: "my own long password" }],
  ] as const) {
    assert.equal((await ask("POST", path, undefined, body)).status, 401);
  }
  assert.equal((await ask("POST", "/auth/login", undefined, { user: "ada\0", password })).status, 401);
});
