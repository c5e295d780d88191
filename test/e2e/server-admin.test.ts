/** `hop3 server admin` on a server that runs: whoever has its files is let in again, whatever has locked them out. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createPasswords } from "#identity/password.ts";
import { openStore } from "#store/open.ts";
import { setPassword } from "#store/passwords.ts";
import { confirmTotp, proposeTotp } from "#store/second-factors.ts";
import { createUser, setDisabled } from "#store/users.ts";
import { exec } from "#sys/exec.ts";
import { systemClock } from "#sys/clock.ts";
import { serverEnvironment } from "#cmd/wire/settings.ts";
import { startPlatform, type RunningPlatform } from "./platform.ts";

const password = "correct horse battery";

describe("hop3 server admin", () => {
  let platform: RunningPlatform;
  before(async () => {
    platform = await startPlatform();
    const store = await openStore({ file: platform.layout.database, mayCreate: false, clock: systemClock });
    await createUser(store, "ada", "viewer");
    await setPassword(store, "ada", await createPasswords().hash(password));
    await proposeTotp(store, "ada", "v1.nobody.has-it");
    await confirmTotp(store, { user: "ada", secret: "v1.nobody.has-it", step: 1, codes: ["0"] });
    await createUser(store, "ci", "developer", { kind: "service" });
    await setDisabled(store, "ada", true);
    await store.close();
  });
  after(() => platform?.stop());

  const hop3 = (words: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    exec([process.execPath, join(import.meta.dirname, "../../cmd/hop3.ts"), ...words], {
      env: { PATH: process.env["PATH"] ?? "", HOME: platform.base, ...serverEnvironment(platform.settings), ...more },
      cwd: platform.base,
      timeoutMs: 60_000,
    });
  const logIn = async (user: string, given: string) => {
    const response = await fetch(`${platform.apiUrl}/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ user, password: given }),
    });
    return { status: response.status, body: (await response.json()) as { needs?: string; login?: string } };
  };

  it("lets somebody in who is disabled, locked out, and without the authenticator, as an admin", async () => {
    for (let time = 0; time < 6; time += 1) await logIn("ada", "wrong");
    assert.equal((await logIn("ada", password)).status, 429);
    const done = await hop3(["server", "admin", "ada"]);
    assert.equal(done.exitCode, 0, done.stderr);
    const [, once = ""] = /one-time password {2}(\S+)\n/.exec(done.stdout) ?? [];
    assert.match(done.stderr, /ada is an admin/);
    const { status, body } = await logIn("ada", once);
    assert.deepEqual([status, body.needs], [200, "password"]);
    const finished = { login: body.login, password: "my own long password" };
    const { secret } = (await platform.api("POST", "/auth/login/password", finished)) as { secret: string };
    const who = await fetch(`${platform.apiUrl}/whoami`, { headers: { authorization: `Bearer ${secret}` } });
    assert.equal(((await who.json()) as { user: string }).user, "ada");
    const shown = (await platform.api("GET", "/users/ada")) as { role: string; totp: boolean; disabledAt: unknown };
    assert.deepEqual([shown.role, shown.totp, shown.disabledAt], ["admin", false, null]);
  });

  it("makes an admin where there is none of that name, and refuses what is none", async () => {
    const made = await hop3(["server", "admin", "grace"]);
    assert.equal(made.exitCode, 0, made.stderr);
    assert.match(made.stderr, /grace is a new admin/);
    assert.equal((await hop3(["server", "admin", "ci"])).exitCode, 6);
    for (const name of ["Grace", "gr\u0430ce", "a;b", "--help=x", "../x"]) {
      assert.equal((await hop3(["server", "admin", name])).exitCode, 2, name);
    }
  });

  it("makes no second server where there is none", async () => {
    const empty = join(platform.base, "empty");
    const none = await hop3(["server", "admin", "ada"], { HOP3_ROOT: empty });
    assert.equal(none.exitCode, 7, none.stderr);
    assert.match(none.stderr, /no server's data/);
  });

  it("is told in the log of events as what the server itself has done, without the password", async () => {
    const { events } = (await platform.api("GET", "/events")) as { events: Record<string, unknown>[] };
    const found = events.filter(({ action }) => action === "user.recover");
    assert.deepEqual(found.map(({ actor, target }) => `${String(actor)} ${String(target)}`).toSorted(), [
      "hop3 ada",
      "hop3 grace",
    ]);
  });
});
