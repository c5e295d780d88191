import assert from "node:assert/strict";
import { test } from "node:test";
import { query } from "#store/db.ts";
import { fromBase32, makePerson, password } from "#identity/testing.ts";
import { totpCode, totpStep } from "#identity/totp.ts";
import { people } from "./people.ts";

test("an admin adds a person, whose one-time password is printed once, and who then has a password of its own", async (context) => {
  const { run, url, bare } = await people(context);
  const added = await run(["user", "add", "grace", "--role", "developer"]);
  assert.equal(added.exitCode, 0, added.stderr);
  const [, once = ""] = /one-time password {2}(\S+)\n/.exec(added.stdout) ?? [];
  assert.match(once, /^[a-z0-9]{5}(-[a-z0-9]{5}){3}$/);
  assert.doesNotMatch(added.stderr, new RegExp(once));
  const own = "grace has her own words";
  const login = await run(["login", url, "--user", "grace", "--password-stdin"], {
    env: bare,
    input: `${once}\n${own}\n`,
  });
  assert.equal(login.exitCode, 0, login.stderr);
  assert.match(
    (await run(["user", "list"])).stdout,
    /^boss +admin +person +no password +no\ngrace +developer +person +enabled +no$/m,
  );
  const denied = await run(["user", "list"], { env: bare });
  assert.deepEqual([denied.exitCode, denied.stdout], [5, ""]);
});

test("users are shown, disabled, enabled, given roles and passwords, and removed; the last admin stays", async (context) => {
  const { run, identity, url, bare } = await people(context);
  await makePerson(identity, "ada");
  await run(["login", url, "--user", "ada", "--password-stdin"], { env: bare, input: password });
  assert.match((await run(["user", "show", "ada"])).stdout, /^user {11}ada\nrole {11}developer\n/);
  assert.match((await run(["user", "disable", "ada"])).stderr, /disabled ada/);
  assert.equal((await run(["whoami"], { env: bare })).exitCode, 4);
  assert.match((await run(["user", "enable", "ada"])).stderr, /enabled ada/);
  assert.match((await run(["user", "set-role", "ada", "viewer"])).stderr, /ada is now viewer/);
  assert.match((await run(["user", "grant-admin", "ada"])).stderr, /ada is now admin/);
  assert.match((await run(["user", "revoke-admin", "ada"])).stderr, /ada is now developer/);
  assert.match((await run(["user", "set-password", "ada"])).stdout, /^one-time password {2}\S+\n/);
  for (const line of [
    ["user", "disable", "boss"],
    ["user", "set-role", "boss", "viewer"],
    ["user", "remove", "boss", "--yes"],
  ]) {
    const refused = await run(line);
    assert.equal(refused.exitCode, 6, line.join(" "));
    assert.match(refused.stderr, /last admin/);
  }
  assert.equal((await run(["user", "remove", "ada"])).exitCode, 10);
  assert.match((await run(["user", "remove", "ada", "--yes"])).stderr, /removed ada/);
  assert.equal((await run(["user", "show", "ada"])).exitCode, 3);
});

test("what is typed wrong is refused with what would be right", async (context) => {
  const { run } = await people(context);
  const cases: [string[], number, RegExp][] = [
    [["user", "add", "Grace"], 2, /not a valid user name/],
    [["user", "add", "gr\u0430ce"], 2, /not a valid user name/],
    [["user", "add", "boss"], 6, /already a user/],
    [["user", "add", "grace", "--role", "amdin"], 2, /Did you mean admin/],
    [["user", "set-role", "none", "admin"], 3, /no user/],
    [["token", "create", "ci", "--expires", "400d"], 2, /1d to 366d/],
    [["token", "create", "ci", "--expires", "-1"], 2, /Hop3|expires|number|option/],
    [["token", "create", "ci", "--action", "app.delpoy"], 2, /Did you mean app\.deploy/],
    [["token", "create", "ci", "--address", "10.0.0.0/99"], 2, /not an address/],
    [["token", "create", "ci\u0007"], 2, /not valid/],
    [["token", "revoke", "none"], 3, /no token/],
    [["token", "create", "x", "--user", "none"], 3, /no user/],
    [["session", "end"], 2, /Which session/],
    [["session", "end", "zz"], 2, /not valid/],
    [["group", "show", "none"], 3, /no group/],
    [["group", "create", "@x"], 2, /not valid/],
    [["access", "grant", "none", "viewer", "--app", "blog"], 3, /no user/],
    [["access", "grant", "boss", "member", "--app", "blog"], 2, /not a role/],
    [["access", "list", "--app", "none"], 3, /none/],
    [["user", "set-password"], 2, /nobody to ask/],
  ];
  for (const [line, exit, says] of cases) {
    const ran = await run(line);
    assert.equal(ran.exitCode, exit, `${line.join(" ")}: ${ran.stderr}`);
    assert.match(ran.stderr, says, line.join(" "));
    assert.equal(ran.stdout, "");
  }
});

test("a token is alone on stdout, works as far as it goes, is listed without its secret, and is revoked by its name", async (context) => {
  const { run, bare, url } = await people(context);
  const line = [
    "token",
    "create",
    "ci",
    "--expires",
    "30d",
    "--action",
    "app.list",
    "--action",
    "app.show",
    "--app",
    "blog",
  ];
  const made = await run([...line, "--address", "127.0.0.0/8"]);
  assert.equal(made.exitCode, 0, made.stderr);
  assert.match(made.stdout, /^hop3_[\w-]{43}\n$/);
  const secret = made.stdout.trim();
  const env = { ...bare, HOP3_API_URL: url, HOP3_API_TOKEN: secret };
  assert.equal((await run(["apps"], { env })).exitCode, 0);
  assert.equal((await run(["app", "stop", "--app", "blog"], { env })).exitCode, 5);
  assert.equal((await run(["user", "list"], { env })).exitCode, 5);
  assert.match((await run(["whoami"], { env })).stdout, /only for {2}app\.list, app\.show\nonly in {3}blog\n/);
  const listed = await run(["token", "list"]);
  assert.match(listed.stdout, /ci +good .*app\.list app\.show blog 127\.0\.0\.0\/8\n/);
  assert.doesNotMatch(listed.stdout, new RegExp(secret.slice(5)));
  assert.match((await run(["token", "revoke", "ci"])).stderr, /revoked the token ci/);
  assert.equal((await run(["apps"], { env })).exitCode, 4);
  assert.equal((await run(["token", "revoke", "ci"])).exitCode, 3);
  assert.match((await run(["token", "list", "--all"])).stdout, /ci +revoked/);
});

test("a service account has tokens and no password", async (context) => {
  const { run, bare, url } = await people(context);
  const added = await run(["user", "add", "ci", "--service", "--role", "developer"]);
  assert.deepEqual([added.exitCode, added.stdout], [0, ""]);
  const made = await run(["token", "create", "deploys", "--user", "ci"]);
  const env = { ...bare, HOP3_API_URL: url, HOP3_API_TOKEN: made.stdout.trim() };
  assert.match((await run(["whoami"], { env })).stdout, /^user {4}ci\nroles {3}developer\n/);
  assert.match((await run(["token", "list", "--user", "ci"])).stdout, /deploys/);
  assert.equal((await run(["user", "set-password", "ci"])).exitCode, 6);
  assert.match((await run(["token", "revoke", "deploys", "--user", "ci"])).stderr, /revoked/);
  assert.equal((await run(["whoami"], { env })).exitCode, 4);
});

test("one's own password, authenticator, recovery codes and sessions, by the command line", async (context) => {
  const { run, identity, url, bare, store } = await people(context);
  await makePerson(identity, "ada");
  const login = (lines: readonly string[]) =>
    run(["login", url, "--user", "ada", "--password-stdin"], { env: bare, input: lines.join("\n") });
  await login([password]);
  const own = "ada has her own words";
  const changed = await run(["user", "set-password", "--password-stdin"], {
    env: bare,
    input: `${password}\n${own}\n`,
  });
  assert.match(changed.stderr, /password changed; 0 other sessions ended/);

  // The secret is only known when it has been shown: so the first code comes in a second go.
  const begun = await run(["account", "totp", "enable", "--password-stdin"], { env: bare, input: `${own}\n` });
  assert.equal(begun.exitCode, 2);
  const [, base32 = ""] = /secret {2}([A-Z2-7]{32})\n/.exec(begun.stderr) ?? [];
  assert.match(begun.stderr, new RegExp(`URI {5}otpauth://totp/Hop3%20test:ada\\?secret=${base32}&`));
  const wrong = await run(["account", "totp", "enable", "--password-stdin"], { env: bare, input: `${own}\n000000\n` });
  assert.equal(wrong.exitCode, 2);
  assert.equal(await isTotpAsked(store), false);
  assert.equal((await login([own])).exitCode, 0, "only proposed, it is not asked for");

  const listed = await run(["session", "list"], { env: bare });
  assert.match(listed.stdout, /this one .*127\.0\.0\.1 +hop3\/[\s\S]*open /);
  assert.match((await run(["session", "end", "--all"], { env: bare })).stderr, /ended 1 sessions/);
  assert.match((await run(["session", "list", "--user", "ada"])).stdout, /^\S+ +open /m);
  assert.match((await run(["session", "end", "--all", "--user", "ada"])).stderr, /ended 1 sessions/);
  assert.equal((await run(["whoami"], { env: bare })).exitCode, 4);
});

test("an authenticator is set up over HTTP as over the command line: codes, recovery codes, and what takes it away", async (context) => {
  const { ask, identity, run } = await people(context);
  await makePerson(identity, "ada");
  const first = await ask("POST", "/auth/login", undefined, { user: "ada", password });
  const secret = String(first.body["secret"]);
  const proposed = await ask("POST", "/account/totp", secret, { password });
  const bytes = fromBase32(String(proposed.body["secret"]));
  const code = (steps = 0) => totpCode(bytes, totpStep(Date.now()) + steps);
  const confirmed = await ask("POST", "/account/totp/confirm", secret, { code: code() });
  assert.equal((confirmed.body["codes"] as string[]).length, 10);
  const again = await ask("POST", "/auth/login", undefined, { user: "ada", password });
  assert.equal(again.body["needs"], "totp");
  const done = await ask("POST", "/auth/login/totp", undefined, { login: again.body["login"], code: code(1) });
  assert.match(String(done.body["secret"]), /^hop3_/);
  const renewed = await ask("POST", "/account/recovery-codes", secret, { password });
  assert.equal((renewed.body["codes"] as string[]).length, 10);
  assert.equal((await ask("POST", "/account/totp/disable", secret, { password: "wrong" })).status, 401);
  assert.equal((await run(["user", "reset-totp", "ada", "--yes"])).exitCode, 0);
  const alone = await ask("POST", "/auth/login", undefined, { user: "ada", password });
  assert.equal(alone.body["needs"], null);
});

test("groups and rights for apps, by the command line", async (context) => {
  const { run, identity } = await people(context);
  await makePerson(identity, "ada", "member");
  assert.match((await run(["group", "create", "team"])).stderr, /created the group team/);
  assert.match((await run(["group", "add", "team", "ada"])).stderr, /ada is in team/);
  assert.match((await run(["group", "list"])).stdout, /^team +- +- +ada$/m);
  assert.match((await run(["access", "grant", "@team", "developer", "--app", "blog"])).stderr, /@team is developer/);
  assert.match((await run(["access", "grant", "ada", "viewer", "--app", "blog"])).stderr, /ada is viewer/);
  assert.match(
    (await run(["access", "list", "--app", "blog"])).stdout,
    /^ada +viewer .* boss\n@team +developer .* boss$/m,
  );
  assert.match((await run(["access", "revoke", "@team", "--app", "blog"])).stderr, /no role of its own/);
  assert.match((await run(["group", "show", "team"])).stdout, /members {2}ada/);
  assert.match((await run(["group", "remove", "team", "ada"])).stderr, /not in team/);
  assert.equal((await run(["group", "destroy", "team"])).exitCode, 10);
  assert.match((await run(["group", "destroy", "team", "--yes"])).stderr, /removed the group team/);
});

async function isTotpAsked(store: Parameters<typeof query>[0]): Promise<boolean> {
  const row = await query(store).selectFrom("users").select("totp_at").where("name", "=", "ada").executeTakeFirst();
  return row?.totp_at !== null;
}
