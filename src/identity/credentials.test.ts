import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { databases } from "../../test/databases.ts";
import { actions, type Action } from "#core/actions.ts";
import { createApp } from "#store/apps.ts";
import { query } from "#store/db.ts";
import { listEvents } from "#store/events.ts";
import { createOrg } from "#store/orgs.ts";
import { createUser } from "#store/users.ts";
import { authenticate } from "./authenticate.ts";
import { can } from "./can.ts";
import {
  createOwnToken,
  createTokenFor,
  credentialsOf,
  endCredential,
  endSessions,
  type TokenWish,
} from "./credentials.ts";
import { appResource, server } from "./principal.ts";
import { address, askerBy, askerOf, attempt, makePerson, testIdentity, whole } from "./testing.ts";

const day = 24 * 3600 * 1000;

for (const database of databases) {
  const setUp = async (t: Parameters<typeof database.open>[0]) => {
    const opened = await database.open(t);
    const identity = testIdentity(opened.store);
    await createUser(opened.store, "boss", "admin");
    await makePerson(identity, "ada");
    return { ...opened, identity, boss: await askerOf(opened.store, "boss"), ada: await askerOf(opened.store, "ada") };
  };

  describe(`tokens on ${database.name}`, () => {
    test("a token lasts ninety days unless it is asked for less, or more up to a year", async (t) => {
      const { store, clock, ada } = await setUp(t);
      const lasts = async (days?: number) => {
        const { token } = await createOwnToken(store, ada, { name: "ci", days });
        return (Date.parse(token.expiresAt ?? "") - clock.now()) / day;
      };
      assert.deepEqual([await lasts(), await lasts(1), await lasts(366), await lasts(100_000)], [90, 1, 366, 366]);
    });

    test("an expired token is refused, and works again only when the clock goes back to before its end", async (t) => {
      const { store, clock, ada } = await setUp(t);
      const { secret } = await createOwnToken(store, ada, { name: "ci", days: 1 });
      clock.advance(day);
      await assert.rejects(authenticate(store, `Bearer ${secret}`, address), { code: "UNAUTHENTICATED" });
      clock.advance(-1);
      await authenticate(store, `Bearer ${secret}`, address);
    });

    // A11, A12: every restriction is on every credential that comes of one, and none is dropped.
    test("what a narrowed token makes is as narrow, whatever it does not ask for, through three generations", async (t) => {
      const { store, clock, ada } = await setUp(t);
      const wish: TokenWish = {
        name: "parent",
        days: 10,
        actions: ["account.write", "app.show", "app.logs"],
        apps: ["blog", "shop"],
        addresses: ["192.0.2.0/24"],
      };
      // A narrowed token may make others only where nothing of the server is beyond it: so the app is left to the last.
      const { apps, ...withoutApps } = wish;
      let by = await askerBy(store, (await createOwnToken(store, ada, withoutApps)).secret);
      for (let generation = 0; generation < 3; generation += 1) {
        const { token, secret } = await createOwnToken(store, by, { name: "child" });
        assert.deepEqual(
          [token.actions, token.addresses, token.expiresAt],
          [
            actions.filter((action) => wish.actions?.includes(action)),
            wish.addresses,
            new Date(clock.now() + 10 * day).toISOString(),
          ],
        );
        by = await askerBy(store, secret);
      }
      const { token, secret } = await createOwnToken(store, by, { name: "last", apps, addresses: ["192.0.2.7"] });
      assert.deepEqual([token.apps, token.addresses], [apps, ["192.0.2.7"]]);
      const last = await authenticate(store, `Bearer ${secret}`, "192.0.2.7");
      await assert.rejects(authenticate(store, `Bearer ${secret}`, "192.0.2.8"), { code: "UNAUTHENTICATED" });
      assert.ok(can(last, "app.show", appResource("blog", "default")));
      assert.ok(!can(last, "app.show", appResource("other", "default")));
      assert.ok(!can(last, "app.deploy", appResource("blog", "default")));
      assert.ok(!can(last, "account.write", server));
    });

    test("what asks for more than it is, is refused by name: action, app, address, time", async (t) => {
      const { store, ada } = await setUp(t);
      const parent = await askerBy(
        store,
        (
          await createOwnToken(store, ada, {
            name: "p",
            days: 10,
            actions: ["account.write"],
            apps: ["blog"],
            addresses: ["192.0.2.0/24"],
          })
        ).secret,
      );
      const wider: [Partial<TokenWish>, RegExp][] = [
        [{ actions: ["account.write", "app.deploy"] }, /app\.deploy/],
        [{ actions: [...actions] }, /the action/],
        [{ apps: ["blog", "shop"] }, /shop/],
        [{ addresses: ["192.0.0.0/16"] }, /192\.0\.0\.0/],
        [{ addresses: ["0.0.0.0/0"] }, /0\.0\.0\.0/],
        [{ addresses: ["::/0"] }, /::/],
        [{ days: 11 }, /ends before/],
      ];
      for (const [wish, says] of wider) {
        await assert.rejects(
          createOwnToken(store, parent, { name: "child", ...wish }),
          (error: Error & { code?: string }) => {
            assert.equal(error.code, "DENIED");
            assert.match(error.message, says);
            return true;
          },
        );
      }
      // The same from an admin's narrowed token for a service account.
      const robot = await askerOf(store, "boss", { actions: ["user.manage"] });
      await createUser(store, "ci", "admin", { kind: "service" });
      await assert.rejects(createTokenFor(store, robot, "ci", { name: "x", actions: ["system.logs"] }), {
        code: "DENIED",
      });
      assert.deepEqual((await createTokenFor(store, robot, "ci", { name: "x" })).token.actions, ["user.manage"]);
    });

    test("a token is for no more than its user may, also later: who is made a viewer deploys with no token", async (t) => {
      const { store, ada } = await setUp(t);
      const { secret } = await createOwnToken(store, ada, { name: "ci", actions: ["app.deploy", "system.logs"] });
      const may = async (action: Action) => {
        const principal = await authenticate(store, `Bearer ${secret}`, address);
        return can(principal, action, action.startsWith("app.") ? appResource("blog", "default") : server);
      };
      assert.deepEqual(
        [await may("app.deploy"), await may("app.show"), await may("system.logs")],
        [true, false, false],
      );
      await query(store).updateTable("members").set({ role: "viewer" }).where("user_name", "=", "ada").execute();
      assert.deepEqual(
        [await may("app.deploy"), await may("app.show"), await may("system.logs")],
        [false, false, false],
      );
    });

    // A20: tokens listable, creatable or revocable by others.
    test("a token is its owner's: nobody else ends it by its id, and an admin makes none in a person's name", async (t) => {
      const { store, ada, boss } = await setUp(t);
      const { token } = await createOwnToken(store, ada, { name: "ci" });
      await assert.rejects(endCredential(store, boss, "boss", "token", token.id), { code: "NOT_FOUND" });
      await assert.rejects(endCredential(store, ada, "ada", "session", token.id), { code: "NOT_FOUND" });
      await assert.rejects(createTokenFor(store, boss, "ada", { name: "mine" }), { code: "DENIED" });
      await createOrg(store, "other");
      await createUser(store, "theirs", "developer", { org: "other", kind: "service" });
      await assert.rejects(createTokenFor(store, boss, "theirs", { name: "mine" }), { code: "NOT_FOUND" });
      assert.equal((await endCredential(store, ada, "ada", "token", token.id)).id, token.id);
      await assert.rejects(endCredential(store, ada, "ada", "token", token.id), { code: "NOT_FOUND" });
    });

    test("what is no network is refused, and a hundred tokens are enough", async (t) => {
      const { store, ada } = await setUp(t);
      for (const network of ["", "10.0.0.0/33", "example.com", "10.0.0.1\0", "::1%lo"]) {
        await assert.rejects(createOwnToken(store, ada, { name: "x", addresses: [network] }), {
          code: "INVALID_INPUT",
        });
      }
      // One is what ada asks by.
      for (let count = 1; count < 100; count += 1) await createOwnToken(store, ada, { name: `n${count}` });
      await assert.rejects(createOwnToken(store, ada, { name: "one too many" }), { code: "CONFLICT" });
      const [newest] = await credentialsOf(store, "ada", "token");
      await endCredential(store, ada, "ada", "token", newest?.id ?? "");
      await createOwnToken(store, ada, { name: "again" });
    });

    test("a token that has ended makes no other, though its request was let in before", async (t) => {
      const { store, ada } = await setUp(t);
      const parent = await createOwnToken(store, ada, { name: "p" });
      const by = await askerBy(store, parent.secret);
      await endCredential(store, ada, "ada", "token", parent.token.id);
      await assert.rejects(createOwnToken(store, by, { name: "child" }), { code: "UNAUTHENTICATED" });
    });

    test("sessions are ended one by one, or all but the one that asks", async (t) => {
      const { store, identity } = await setUp(t);
      const secrets: string[] = [];
      for (let count = 0; count < 3; count += 1) secrets.push(whole(await attempt(identity, "ada")));
      const by = await askerBy(store, secrets[0] ?? "");
      assert.equal(await endSessions(store, by, "ada"), 2);
      await authenticate(store, `Bearer ${secrets[0] ?? ""}`, address);
      await endCredential(store, by, "ada", "session", by.principal.credential.id);
      await assert.rejects(authenticate(store, `Bearer ${secrets[0] ?? ""}`, address), { code: "UNAUTHENTICATED" });
    });

    test("the event of a token has its limits, and not its secret", async (t) => {
      const { store, ada } = await setUp(t);
      await createApp(store, "blog");
      const { secret, token } = await createOwnToken(store, ada, { name: "ci", apps: ["blog"] });
      const [event] = (await listEvents(store)).toReversed();
      assert.deepEqual(
        [event?.actor, event?.action, event?.target, event?.details["apps"]],
        ["ada", "token.create", token.id, ["blog"]],
      );
      assert.ok(!JSON.stringify(event).includes(secret.slice(5)));
    });
  });
}
