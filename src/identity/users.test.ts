import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { databases } from "../../test/databases.ts";
import { actions } from "#core/actions.ts";
import { query } from "#store/db.ts";
import { listEvents } from "#store/events.ts";
import { createOrg } from "#store/orgs.ts";
import { setPassword } from "#store/passwords.ts";
import { createToken } from "#store/tokens.ts";
import { createUser, getUser, listUsers } from "#store/users.ts";
import { authenticate } from "./authenticate.ts";
import { endCredential } from "./credentials.ts";
import { changeOwnPassword } from "./own-password.ts";
import {
  confirmSecondFactor,
  dropSecondFactor,
  proposeSecondFactor,
  renewRecoveryCodes,
  useSecondFactor,
} from "./second-factor.ts";
import {
  address,
  attempt,
  enrol,
  half,
  makePerson,
  password,
  askerBy,
  askerOf,
  testIdentity,
  whole,
} from "./testing.ts";
import {
  addUser,
  allUsers,
  changeRole,
  disableUser,
  enableUser,
  removeUser,
  resetPassword,
  resetSecondFactor,
} from "./users.ts";

for (const database of databases) {
  const setUp = async (t: Parameters<typeof database.open>[0]) => {
    const opened = await database.open(t);
    const identity = testIdentity(opened.store);
    await createUser(opened.store, "boss", "admin");
    return { ...opened, identity, boss: await askerOf(opened.store, "boss") };
  };

  describe(`users on ${database.name}`, () => {
    test("the last admin cannot be removed, disabled or made anything else; with a second one, it can", async (t) => {
      const { identity, store, boss } = await setUp(t);
      // Neither a service account nor somebody who is disabled could let anybody in again.
      await createUser(store, "robot", "admin", { kind: "service" });
      await makePerson(identity, "old", "admin");
      await disableUser(store, boss, "old");
      for (const leave of [
        () => removeUser(store, boss, "boss"),
        () => disableUser(store, boss, "boss"),
        () => changeRole(store, boss, "boss", "developer"),
      ]) {
        await assert.rejects(leave(), { code: "CONFLICT" });
      }
      assert.equal((await getUser(store, "boss"))?.role, "admin");
      await enableUser(store, boss, "old");
      assert.equal((await changeRole(store, boss, "boss", "developer")).role, "developer");
    });

    test("of two admins who remove each other at once, one is left", async (t) => {
      const { identity, store, boss, another } = await setUp(t);
      await makePerson(identity, "ada", "admin");
      const ada = await askerOf(store, "ada");
      const ends = await Promise.allSettled([
        removeUser(store, boss, "ada"),
        disableUser(await another(), ada, "boss"),
      ]);
      assert.equal(ends.filter(({ status }) => status === "fulfilled").length, 1);
      const left = (await listUsers(store)).filter(({ role, disabledAt }) => role === "admin" && disabledAt === null);
      assert.equal(left.length, 1);
    });

    test("a user that is removed leaves nothing that works, and its name may be had again without its rights", async (t) => {
      const { identity, store, boss } = await setUp(t);
      await makePerson(identity, "ada", "admin");
      const { secret } = await createToken(store, { user: "ada", name: "ci" });
      const session = whole(await attempt(identity, "ada"));
      await removeUser(store, boss, "ada");
      await addUser(identity, boss, { name: "ada", role: "viewer", kind: "person" });
      for (const one of [secret, session]) {
        await assert.rejects(authenticate(store, `Bearer ${one}`, address), { code: "UNAUTHENTICATED" });
      }
      await assert.rejects(attempt(identity, "ada"), { code: "UNAUTHENTICATED" });
    });

    test("a user that is disabled is out at once; enabled again, its tokens work and its sessions have ended", async (t) => {
      const { identity, store, boss } = await setUp(t);
      await makePerson(identity, "ada");
      const { secret } = await createToken(store, { user: "ada", name: "ci" });
      const session = whole(await attempt(identity, "ada"));
      await disableUser(store, boss, "ada");
      await assert.rejects(authenticate(store, `Bearer ${secret}`, address), { code: "UNAUTHENTICATED" });
      await assert.rejects(authenticate(store, `Bearer ${session}`, address), { code: "UNAUTHENTICATED" });
      await enableUser(store, boss, "ada");
      await authenticate(store, `Bearer ${secret}`, address);
      await assert.rejects(authenticate(store, `Bearer ${session}`, address), { code: "UNAUTHENTICATED" });
    });

    test("users of another organisation do not exist: every verb says the same as of a name that nobody has", async (t) => {
      const { identity, store, boss } = await setUp(t);
      await createOrg(store, "other");
      await makePerson(identity, "zoe", "developer", { org: "other" });
      await enrol(identity, "zoe").catch(() => undefined);
      assert.deepEqual(
        (await allUsers(store, boss)).map(({ name }) => name),
        ["boss"],
      );
      for (const verb of [
        (name: string) => removeUser(store, boss, name),
        (name: string) => disableUser(store, boss, name),
        (name: string) => enableUser(store, boss, name),
        (name: string) => changeRole(store, boss, name, "admin"),
        (name: string) => resetPassword(identity, boss, name),
        (name: string) => resetSecondFactor(store, boss, name),
      ]) {
        const messages: string[] = [];
        for (const name of ["zoe", "none"]) {
          await assert.rejects(verb(name), (error: Error & { code?: string }) => {
            assert.equal(error.code, "NOT_FOUND");
            messages.push(error.message.replace(name, "X"));
            return true;
          });
        }
        assert.equal(messages[0], messages[1]);
      }
      whole(await attempt(identity, "zoe"));
    });

    test("names that could be taken for others, or break what shows them, are refused", async (t) => {
      const { identity, boss } = await setUp(t);
      const bad = [
        "",
        "Ada",
        "\u0430da",
        "ad\u0430",
        "a\u0301da",
        "ada\0",
        "ada\n",
        "a da",
        "a/../b",
        "-ada",
        "1ada",
        ".ada",
      ];
      for (const name of [...bad, "a".repeat(65), "ada\u202e", "\uff41da", "ada@x", "@ada", "ada:x", "__proto__"]) {
        await assert.rejects(addUser(identity, boss, { name, role: "viewer", kind: "person" }), {
          code: "INVALID_INPUT",
        });
      }
      for (const name of ["a", "ada.lovelace", "a_b-c", "constructor"]) {
        await addUser(identity, boss, { name, role: "viewer", kind: "person" });
      }
    });

    test("a service account has no password, and cannot be given one", async (t) => {
      const { identity, boss } = await setUp(t);
      const { user, oneTime } = await addUser(identity, boss, { name: "ci", role: "developer", kind: "service" });
      assert.deepEqual([user.kind, user.password, oneTime], ["service", false, undefined]);
      await assert.rejects(resetPassword(identity, boss, "ci"), { code: "CONFLICT" });
    });

    // A12: what a narrowed credential makes is never wider than it is.
    test("a narrowed token of an admin gives nobody a way in, though it may take ways away", async (t) => {
      const { identity, store } = await setUp(t);
      await makePerson(identity, "ada");
      for (const limits of [{ actions: [...actions] }, { apps: ["blog"] }]) {
        const narrow = await askerOf(store, "boss", limits);
        for (const verb of [
          () => addUser(identity, narrow, { name: "eve", role: "admin", kind: "person" }),
          () => changeRole(store, narrow, "ada", "admin"),
          () => enableUser(store, narrow, "ada"),
          () => resetPassword(identity, narrow, "ada"),
          () => resetSecondFactor(store, narrow, "ada"),
        ]) {
          await assert.rejects(verb(), { code: "DENIED" });
        }
        await disableUser(store, narrow, "ada");
      }
    });

    test("events tell who did what to whom, and no secret", async (t) => {
      const { identity, store, boss } = await setUp(t);
      const { oneTime } = await addUser(identity, boss, { name: "ada", role: "viewer", kind: "person" });
      await changeRole(store, boss, "ada", "developer");
      const again = await resetPassword(identity, boss, "ada");
      const events = await listEvents(store);
      assert.deepEqual(
        events.map(({ actor, action, target }) => [actor, action, target]),
        [
          ["boss", "user.create", "ada"],
          ["boss", "user.role", "ada"],
          ["boss", "user.password", "ada"],
        ],
      );
      const text = JSON.stringify(events);
      for (const secret of [oneTime?.password ?? "?", again.password]) assert.ok(!text.includes(secret));
    });
  });

  describe(`one's own account on ${database.name}`, () => {
    // A9: a password is changed by who knows the one before.
    test("a password is changed with the present one; other sessions end, this one and tokens stay", async (t) => {
      const { identity, store } = await setUp(t);
      await makePerson(identity, "ada");
      const { secret: token } = await createToken(store, { user: "ada", name: "ci" });
      const [here, there] = [whole(await attempt(identity, "ada")), whole(await attempt(identity, "ada"))];
      const ada = await askerBy(store, here);
      const next = "my own long password";
      await assert.rejects(changeOwnPassword(identity, ada, { present: "wrong", next }), { code: "UNAUTHENTICATED" });
      await assert.rejects(changeOwnPassword(identity, ada, { present: password, next: "short" }), {
        code: "INVALID_INPUT",
      });
      assert.deepEqual(await changeOwnPassword(identity, ada, { present: password, next }), { ended: 1 });
      await authenticate(store, `Bearer ${here}`, address);
      await authenticate(store, `Bearer ${token}`, address);
      await assert.rejects(authenticate(store, `Bearer ${there}`, address), { code: "UNAUTHENTICATED" });
      await assert.rejects(attempt(identity, "ada"), { code: "UNAUTHENTICATED" });
      whole(await attempt(identity, "ada", next));
    });

    test("guessing the present password with a stolen session is counted as logins are", async (t) => {
      const { identity, store } = await setUp(t);
      await makePerson(identity, "ada");
      const ada = await askerOf(store, "ada");
      const codes: string[] = [];
      for (let index = 0; index < 6; index += 1) {
        await changeOwnPassword(identity, ada, { present: `guess ${index}`, next: "my own long password" }).catch(
          ({ code }: { code: string }) => codes.push(code),
        );
      }
      assert.deepEqual(codes, [...Array<string>(5).fill("UNAUTHENTICATED"), "RATE_LIMITED"]);
    });

    test("who has no password of its own cannot choose one with a token alone", async (t) => {
      const { identity, boss } = await setUp(t);
      const change = changeOwnPassword(identity, boss, { present: "x", next: "my own long password" });
      await assert.rejects(change, { code: "CONFLICT" });
      // An admin without a password gets a one-time one, as anybody else would.
      assert.match((await resetPassword(identity, boss, "boss")).password, /-/);
    });

    test("an admin's own password is not reset without the present one", async (t) => {
      const { identity, store } = await setUp(t);
      await makePerson(identity, "ada", "admin");
      await assert.rejects(resetPassword(identity, await askerOf(store, "ada"), "ada"), { code: "CONFLICT" });
    });

    test("a second factor is proposed with the password, confirmed with a code, asked for, and removed", async (t) => {
      const { identity, store } = await setUp(t);
      await makePerson(identity, "ada");
      const ada = await askerOf(store, "ada");
      await assert.rejects(proposeSecondFactor(identity, ada, "wrong"), { code: "UNAUTHENTICATED" });
      await assert.rejects(confirmSecondFactor(identity, ada, "123456"), { code: "CONFLICT" });
      await proposeSecondFactor(identity, ada, password);
      await assert.rejects(confirmSecondFactor(identity, ada, "000000"), { code: "INVALID_INPUT" });
      // Only proposed, it is not asked for.
      whole(await attempt(identity, "ada"));
      await enrol(identity, "ada");
      half(await attempt(identity, "ada"));
      await assert.rejects(proposeSecondFactor(identity, ada, password), { code: "CONFLICT" });
      await assert.rejects(dropSecondFactor(identity, ada, "wrong"), { code: "UNAUTHENTICATED" });
      await dropSecondFactor(identity, ada, password);
      whole(await attempt(identity, "ada"));
      assert.equal((await query(store).selectFrom("recovery_codes").selectAll().execute()).length, 0);
    });

    test("the secret of an authenticator is sealed, and recovery codes are hashes", async (t) => {
      const { identity, store } = await setUp(t);
      await makePerson(identity, "ada");
      const { codes } = await enrol(identity, "ada");
      const rows = JSON.stringify([
        await query(store).selectFrom("users").selectAll().execute(),
        await query(store).selectFrom("recovery_codes").selectAll().execute(),
      ]);
      assert.match(rows, /"totp":"v1\./);
      for (const code of codes) assert.ok(!rows.includes(code) && !rows.includes(code.replaceAll("-", "")));
      // Moved to somebody else it does not open.
      await makePerson(identity, "bob");
      await query(store)
        .updateTable("users")
        .set((eb) => ({
          totp: eb.selectFrom("users as from").select("from.totp").where("from.name", "=", "ada"),
          totp_at: "2026-01-01T00:00:00.000Z",
        }))
        .where("name", "=", "bob")
        .execute();
      await assert.rejects(useSecondFactor(store, identity.masterKey, "bob", "123456"), { code: "INTERNAL" });
    });

    test("new recovery codes replace the old ones, used or not", async (t) => {
      const { identity, store } = await setUp(t);
      await makePerson(identity, "ada");
      const { codes: old } = await enrol(identity, "ada");
      const ada = await askerOf(store, "ada");
      const { codes } = await renewRecoveryCodes(identity, ada, password);
      const use = (code: string | undefined) => useSecondFactor(store, identity.masterKey, "ada", code ?? "");
      assert.equal(await use(old[0]), undefined);
      assert.equal(await use(codes[0]), "recovery code");
      assert.equal(await use(codes[0]), undefined);
    });

    test("what is done to an account is told, with who did it", async (t) => {
      const { identity, store, boss } = await setUp(t);
      await makePerson(identity, "ada");
      await enrol(identity, "ada");
      const ada = await askerOf(store, "ada");
      await renewRecoveryCodes(identity, ada, password);
      await dropSecondFactor(identity, ada, password);
      await changeOwnPassword(identity, ada, { present: password, next: "my own long password" });
      await setPassword(store, "ada", await identity.passwords.hash(password));
      await enrol(identity, "ada");
      await resetSecondFactor(store, boss, "ada");
      const session = await askerBy(store, whole(await attempt(identity, "ada")));
      await endCredential(store, session, "ada", "session", session.principal.credential.id);
      assert.deepEqual(
        (await listEvents(store)).map(({ actor, action, outcome }) => [actor, action, outcome]),
        [
          ["ada", "account.totp.enable", "ok"],
          ["ada", "account.recovery-codes", "ok"],
          ["ada", "account.totp.disable", "ok"],
          ["ada", "account.password", "ok"],
          ["ada", "account.totp.enable", "ok"],
          ["boss", "user.totp.disable", "ok"],
          ["ada", "login", "ok"],
          ["ada", "session.revoke", "ok"],
        ],
      );
    });

    test("an admin removes the second factor of who has lost it", async (t) => {
      const { identity, store, boss } = await setUp(t);
      await makePerson(identity, "ada");
      await enrol(identity, "ada");
      assert.equal((await resetSecondFactor(store, boss, "ada")).totp, false);
      whole(await attempt(identity, "ada"));
      await assert.rejects(resetSecondFactor(store, boss, "ada"), { code: "CONFLICT" });
    });
  });
}
