import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { databases } from "../../test/databases.ts";
import { query } from "#store/db.ts";
import { listEvents } from "#store/events.ts";
import { setPassword } from "#store/passwords.ts";
import { listTokens } from "#store/tokens.ts";
import { createUser, setDisabled } from "#store/users.ts";
import { authenticate } from "./authenticate.ts";
import { answerNewPassword, answerTotp, logIn, type LoginStep } from "./login.ts";
import { createPasswords } from "./password.ts";
import {
  address,
  attempt,
  enrol,
  half,
  makePerson,
  password,
  askerOf,
  testIdentity,
  whence,
  whenceOf,
  whole,
} from "./testing.ts";
import { addUser, disableUser, resetPassword } from "./users.ts";

const minute = 60_000;

for (const database of databases) {
  const setUp = async (t: Parameters<typeof database.open>[0]) => {
    const opened = await database.open(t);
    return { ...opened, identity: testIdentity(opened.store) };
  };
  const codeOf = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "ok",
      (error: Error & { code?: string }) => error.code ?? String(error),
    );

  describe(`logging in on ${database.name}`, () => {
    test("the right password opens a session that is the user's, ends, and shows where it came from", async (t) => {
      const { identity, store, clock } = await setUp(t);
      await makePerson(identity, "ada");
      const step = await attempt(identity, "ada");
      const secret = whole(step);
      const ada = await authenticate(store, `Bearer ${secret}`, "198.51.100.1");
      assert.deepEqual([ada.name, ada.roles, ada.credential.kind], ["ada", ["developer"], "session"]);
      const [session] = await listTokens(store, "ada");
      assert.deepEqual([session?.address, session?.agent], [address, "test"]);

      clock.advance(7 * 24 * 60 * minute - 1);
      await authenticate(store, `Bearer ${secret}`, address);
      clock.advance(7 * 24 * 60 * minute);
      await assert.rejects(authenticate(store, `Bearer ${secret}`, address), { code: "UNAUTHENTICATED" });
    });

    test("a session that is used every day ends after thirty days", async (t) => {
      const { identity, store, clock } = await setUp(t);
      await makePerson(identity, "ada");
      const secret = whole(await attempt(identity, "ada"));
      let days = 0;
      for (; days < 40; days += 1) {
        clock.advance(24 * 60 * minute);
        if ((await codeOf(authenticate(store, `Bearer ${secret}`, address))) !== "ok") break;
      }
      assert.equal(days, 29);
    });

    test("unknown, wrong, disabled, without password, a service account, an old one-time password: one answer", async (t) => {
      const { identity, store, clock } = await setUp(t);
      await makePerson(identity, "ada");
      await makePerson(identity, "gone");
      await setDisabled(store, "gone", true);
      await makePerson(identity, "robot", "developer", { kind: "service" });
      await createUser(store, "bare", "developer");
      await createUser(store, "boss", "admin");
      const { oneTime } = await addUser(identity, await askerOf(store, "boss"), {
        name: "late",
        role: "viewer",
        kind: "person",
      });
      clock.advance(7 * 24 * 60 * minute);
      const answers = new Set<string>();
      const tries: [string, string][] = [
        ["nobody", password],
        ["ada", "correct horse batterx"],
        ["gone", password],
        ["robot", password],
        ["bare", ""],
        ["late", oneTime?.password ?? ""],
        // Look-alikes and tricks are other names, and nobody's.
        ["\u0430da", password],
        ["ada\0", password],
        ["ADA", password],
        [" ada", password],
        ["a\u200bda", password],
        ["ada' or '1'='1", password],
      ];
      for (const [user, given] of tries) {
        await assert.rejects(attempt(identity, user, given), (error: Error & { code?: string; hint?: string }) => {
          answers.add(`${error.code} ${error.message} ${error.hint}`);
          return true;
        });
      }
      assert.equal(answers.size, 1);
      assert.match([...answers][0] ?? "", /^UNAUTHENTICATED/);
      assert.equal(await codeOf(attempt(identity, "ada")), "ok");
    });

    test("what a stranger types is in no event and no table unless it is the name of a user", async (t) => {
      const { identity, store } = await setUp(t);
      await makePerson(identity, "ada");
      await codeOf(attempt(identity, "ada", "wrong-canary-1"));
      await codeOf(attempt(identity, "My-Password-canary-2", "x"));
      const rows = [
        ...(await query(store).selectFrom("events").selectAll().execute()),
        ...(await query(store).selectFrom("failures").selectAll().execute()),
        ...(await query(store).selectFrom("logins").selectAll().execute()),
      ];
      assert.doesNotMatch(JSON.stringify(rows), /canary/);
      const [event] = (await listEvents(store)).toReversed();
      assert.deepEqual(
        [event?.actor, event?.action, event?.target, event?.outcome],
        ["nobody", "login", "ada", "UNAUTHENTICATED"],
      );
    });

    test("a hash of an older cost is replaced when its password is used", async (t) => {
      const { identity, store } = await setUp(t);
      await makePerson(identity, "ada");
      const dearer = { ...identity, passwords: createPasswords({ cost: { memory: 128, passes: 1, parallelism: 1 } }) };
      whole(await attempt(dearer, "ada"));
      const row = await query(store).selectFrom("users").select("password").executeTakeFirstOrThrow();
      assert.match(row.password ?? "", /m=128,/);
      whole(await attempt(dearer, "ada"));
    });

    // A5: what is half authenticated can do nothing.
    test("with a second factor the password leads to a secret that is no credential", async (t) => {
      const { identity, store } = await setUp(t);
      await makePerson(identity, "ada");
      const { code } = await enrol(identity, "ada");
      const step = await attempt(identity, "ada");
      assert.ok("needs" in step && step.needs === "totp");
      for (const form of [step.login, step.login.replace("hop3l_", "hop3_")]) {
        await assert.rejects(authenticate(store, `Bearer ${form}`, address), { code: "UNAUTHENTICATED" });
      }
      assert.equal(
        await codeOf(answerNewPassword(identity, { login: step.login, password: "another horse 1", ...whence })),
        "UNAUTHENTICATED",
      );
      // The code that has confirmed the authenticator was used up by that.
      assert.equal(
        await codeOf(answerTotp(identity, { login: step.login, code: code(), ...whence })),
        "UNAUTHENTICATED",
      );
      const done = await answerTotp(identity, { login: step.login, code: code(1), ...whence });
      assert.equal((await authenticate(store, `Bearer ${whole(done)}`, address)).name, "ada");
      assert.equal(
        await codeOf(answerTotp(identity, { login: step.login, code: code(1), ...whence })),
        "UNAUTHENTICATED",
      );
    });

    // A4: who began a login is who ends it.
    test("a code answers the login that it is sent for, and no other user's", async (t) => {
      const { identity } = await setUp(t);
      await makePerson(identity, "ada");
      await makePerson(identity, "bob");
      const [ada, bob] = [await enrol(identity, "ada"), await enrol(identity, "bob")];
      const login = half(await attempt(identity, "ada"));
      assert.equal(await codeOf(answerTotp(identity, { login, code: bob.code(1), ...whence })), "UNAUTHENTICATED");
      assert.equal(
        await codeOf(answerTotp(identity, { login, code: bob.codes[0] ?? "", ...whence })),
        "UNAUTHENTICATED",
      );
      whole(await answerTotp(identity, { login, code: ada.code(1), ...whence }));
      // Bob's recovery code was not used up by that.
      const his = half(await attempt(identity, "bob"));
      whole(await answerTotp(identity, { login: his, code: bob.codes[0] ?? "", ...whence }));
    });

    test("one code opens one session, however many logins it is sent for at once", async (t) => {
      const { identity, store, another } = await setUp(t);
      const stores = [store, await another(), await another()];
      await makePerson(identity, "ada");
      const { code, codes } = await enrol(identity, "ada");
      for (const given of [code(1), codes[3] ?? ""]) {
        const logins: string[] = [];
        for (let count = 0; count < 3; count += 1) logins.push(half(await attempt(identity, "ada")));
        const ends = await Promise.all(
          logins.map((login, index) =>
            codeOf(answerTotp({ ...identity, store: stores[index] ?? store }, { login, code: given, ...whence })),
          ),
        );
        assert.deepEqual(ends.toSorted(), ["UNAUTHENTICATED", "UNAUTHENTICATED", "ok"]);
      }
    });

    test("one login opens one session, also for two right codes at once", async (t) => {
      const { identity, store, another } = await setUp(t);
      const second = { ...identity, store: await another() };
      await makePerson(identity, "ada");
      const { codes } = await enrol(identity, "ada");
      const login = half(await attempt(identity, "ada"));
      const ends = await Promise.all([
        codeOf(answerTotp(identity, { login, code: codes[0] ?? "", ...whence })),
        codeOf(answerTotp(second, { login, code: codes[1] ?? "", ...whence })),
      ]);
      assert.deepEqual(ends.toSorted(), ["UNAUTHENTICATED", "ok"]);
      assert.equal((await listTokens(store, "ada")).filter(({ kind }) => kind === "session").length, 1);
    });

    test("a half-finished login lasts five minutes and five tries, and not when the clock is set to before it", async (t) => {
      const { identity, clock } = await setUp(t);
      await makePerson(identity, "ada");
      const { codes } = await enrol(identity, "ada");
      const answer = (login: string, code = codes[0] ?? "") =>
        codeOf(answerTotp(identity, { login, code, ...whenceOf("198.51.100.9") }));

      const late = half(await attempt(identity, "ada"));
      clock.advance(5 * minute);
      assert.equal(await answer(late), "UNAUTHENTICATED");

      const early = half(await attempt(identity, "ada"));
      clock.advance(-minute);
      assert.equal(await answer(early), "UNAUTHENTICATED");
      clock.advance(minute);

      const tried = half(await attempt(identity, "ada"));
      for (let count = 0; count < 4; count += 1) assert.equal(await answer(tried, "000000x"), "UNAUTHENTICATED");
      assert.equal(await answer(tried, "000000x"), "UNAUTHENTICATED");
      // Those were five failures of the user, too.
      assert.equal(await answer(tried), "RATE_LIMITED");
      clock.advance(minute);
      assert.equal(await answer(tried), "UNAUTHENTICATED");
    });

    test("a login that was begun is void when its user is disabled, or gets another password", async (t) => {
      const { identity, store } = await setUp(t);
      await makePerson(identity, "ada");
      await createUser(store, "boss", "admin");
      const boss = await askerOf(store, "boss");
      const { codes } = await enrol(identity, "ada");
      const first = half(await attempt(identity, "ada"));
      await disableUser(store, boss, "ada");
      await setDisabled(store, "ada", false);
      assert.equal(
        await codeOf(answerTotp(identity, { login: first, code: codes[0] ?? "", ...whence })),
        "UNAUTHENTICATED",
      );
      const second = half(await attempt(identity, "ada"));
      await resetPassword(identity, boss, "ada");
      assert.equal(
        await codeOf(answerTotp(identity, { login: second, code: codes[0] ?? "", ...whence })),
        "UNAUTHENTICATED",
      );
    });

    test("a one-time password leads to the choice of another, and to nothing else", async (t) => {
      const { identity, store } = await setUp(t);
      await createUser(store, "boss", "admin");
      const boss = await askerOf(store, "boss");
      const made = await addUser(identity, boss, { name: "ada", role: "viewer", kind: "person" });
      const once = made.oneTime?.password ?? "";
      const step = await attempt(identity, "ada", once);
      assert.ok("needs" in step && step.needs === "password");
      const { login } = step;
      await assert.rejects(authenticate(store, `Bearer ${login}`, address), { code: "UNAUTHENTICATED" });
      assert.equal(await codeOf(answerTotp(identity, { login, code: "123456", ...whence })), "UNAUTHENTICATED");
      const choose = (next: string) => answerNewPassword(identity, { login, password: next, ...whence });
      assert.equal(await codeOf(choose("short")), "INVALID_INPUT");
      assert.equal(await codeOf(choose(once)), "INVALID_INPUT");
      const secret = whole(await choose("my own long password"));
      assert.equal((await authenticate(store, `Bearer ${secret}`, address)).name, "ada");
      assert.equal(await codeOf(choose("my other long password")), "UNAUTHENTICATED");
      assert.equal(await codeOf(attempt(identity, "ada", once)), "UNAUTHENTICATED");
      whole(await attempt(identity, "ada", "my own long password"));
    });

    test("who has a second factor is asked for it before the one-time password is replaced", async (t) => {
      const { identity, store } = await setUp(t);
      await makePerson(identity, "ada");
      await createUser(store, "boss", "admin");
      const { codes } = await enrol(identity, "ada");
      const once = await resetPassword(identity, await askerOf(store, "boss"), "ada");
      const first = await attempt(identity, "ada", once.password);
      assert.ok("needs" in first && first.needs === "totp");
      const then = await answerTotp(identity, { login: first.login, code: codes[0] ?? "", ...whence });
      assert.ok("needs" in then && then.needs === "password");
      whole(await answerNewPassword(identity, { login: then.login, password: "my own long password", ...whence }));
    });

    // A10: brute force of a password.
    test("from one address: five tries at a user, twenty at all, many at once among them", async (t) => {
      const { identity, store, another, clock } = await setUp(t);
      const second = { ...identity, store: await another() };
      await makePerson(identity, "ada");
      const ends = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          codeOf(attempt(index % 2 === 0 ? identity : second, "ada", `wrong password ${index}`)),
        ),
      );
      assert.equal(ends.filter((code) => code === "UNAUTHENTICATED").length, 5, ends.join());
      assert.equal(ends.filter((code) => code === "RATE_LIMITED").length, 7);
      assert.equal(await codeOf(attempt(identity, "ada")), "RATE_LIMITED");
      for (let index = 0; index < 7; index += 1) await codeOf(attempt(identity, `user${index}`, "x"));
      assert.equal(await codeOf(attempt(identity, "bob", "x")), "RATE_LIMITED");
      // Elsewhere nobody notices.
      assert.equal(await codeOf(attempt(identity, "bob", "x", "198.51.100.1")), "UNAUTHENTICATED");
      clock.advance(10 * minute);
      whole(await attempt(identity, "ada"));
      assert.equal((await listEvents(store)).filter(({ outcome }) => outcome === "UNAUTHENTICATED").length, 5);
    });

    test("from a thousand addresses: a user's lock holds, and its owner's tokens and sessions work on", async (t) => {
      const { identity, store, clock } = await setUp(t);
      await makePerson(identity, "ada");
      const secret = whole(await attempt(identity, "ada"));
      let looked = 0;
      for (let index = 0; index < 300; index += 1) {
        const from = `10.0.${index >> 8}.${index & 255}`;
        if ((await codeOf(attempt(identity, "ada", `wrong ${index}`, from))) === "UNAUTHENTICATED") looked += 1;
        clock.advance(12_000);
      }
      // An hour: five, and one after 1, 2, 4, 8, 16 minutes each.
      assert.equal(looked, 10);
      await authenticate(store, `Bearer ${secret}`, address);
    });

    test("whether a user exists is not told by when it is locked", async (t) => {
      const { identity } = await setUp(t);
      await makePerson(identity, "ada");
      const seen = async (user: string, from: string) => {
        const codes: string[] = [];
        for (let index = 0; index < 7; index += 1) codes.push(await codeOf(attempt(identity, user, "wrong", from)));
        return codes;
      };
      assert.deepEqual(await seen("ada", "198.51.100.1"), await seen("none", "198.51.100.2"));
    });

    test("a right password takes back its try: who logs in all day is never locked", async (t) => {
      const { identity } = await setUp(t);
      await makePerson(identity, "ada");
      for (let index = 0; index < 30; index += 1) whole(await attempt(identity, "ada"));
    });

    test("a password alone does not forget the failures of the codes", async (t) => {
      const { identity } = await setUp(t);
      await makePerson(identity, "ada");
      await enrol(identity, "ada");
      const ends: string[] = [];
      for (let index = 0; index < 6; index += 1) {
        const step: LoginStep | undefined = await attempt(identity, "ada", password, `10.0.0.${index}`).catch(
          () => undefined,
        );
        if (step === undefined) ends.push("locked");
        else ends.push(await codeOf(answerTotp(identity, { login: half(step), code: "000000", ...whence })));
      }
      assert.deepEqual(ends, [...Array<string>(5).fill("UNAUTHENTICATED"), "locked"]);
    });

    test("beyond fifty sessions the one that was used longest ago ends", async (t) => {
      const { identity, store, clock } = await setUp(t);
      await makePerson(identity, "ada");
      const secrets: string[] = [];
      for (let index = 0; index < 52; index += 1) {
        secrets.push(whole(await attempt(identity, "ada")));
        clock.advance(minute);
        await authenticate(store, `Bearer ${secrets[0] ?? ""}`, address);
      }
      const good = await Promise.all(secrets.map((secret) => codeOf(authenticate(store, `Bearer ${secret}`, address))));
      assert.deepEqual(
        good.flatMap((code, index) => (code === "ok" ? [] : [index])),
        [1, 2],
      );
    });

    test("a password that is longer than any may be costs the same and fits nothing", async (t) => {
      const { identity, store } = await setUp(t);
      await makePerson(identity, "ada");
      await setPassword(store, "ada", await identity.passwords.hash(""));
      assert.equal(
        await codeOf(logIn(identity, { user: "ada", password: "x".repeat(100_000), ...whence })),
        "UNAUTHENTICATED",
      );
    });
  });
}
