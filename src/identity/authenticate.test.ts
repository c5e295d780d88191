import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { databases } from "../../test/databases.ts";
import { listEvents, verifyEvents } from "#store/events.ts";
import { createToken, listTokens, revokeToken } from "#store/tokens.ts";
import { createUser, listUsers } from "#store/users.ts";
import { authenticate } from "./authenticate.ts";
import { createFirstAdmin } from "./first-admin.ts";

for (const database of databases) {
  describe(`identity on ${database.name}`, () => {
    test("a bearer token leads to its user and role, and its use is noted", async (t) => {
      const { store } = await database.open(t);
      await createUser(store, "ada", "viewer");
      const { secret, token } = await createToken(store, { user: "ada", name: "laptop" });
      const ada = { name: "ada", role: "viewer", token: token.id };
      assert.deepEqual(await authenticate(store, `Bearer ${secret}`), ada);
      assert.deepEqual(await authenticate(store, `bearer  ${secret}`), ada);
      assert.equal((await listTokens(store))[0]?.lastUsedAt, "2026-01-01T00:00:00.000Z");
    });

    test("what is wrong with a token is not told", async (t) => {
      const { store, clock } = await database.open(t);
      await createUser(store, "ada", "viewer");
      const revoked = await createToken(store, { user: "ada", name: "revoked" });
      await revokeToken(store, revoked.token.id);
      const expired = await createToken(store, {
        user: "ada",
        name: "expired",
        expiresAt: new Date(clock.now()).toISOString(),
      });
      const unknown = `hop3_${"A".repeat(43)}`;
      const messages = new Set<string>();
      for (const header of [revoked.secret, expired.secret, unknown, "x", "x".repeat(100_000)].map(
        (secret) => `Bearer ${secret}`,
      )) {
        await assert.rejects(authenticate(store, header), (error: Error & { code?: string }) => {
          assert.equal(error.code, "UNAUTHENTICATED");
          messages.add(error.message);
          return true;
        });
      }
      assert.equal(messages.size, 1);
      for (const header of [undefined, "", "Basic YTpi", "Bearer", "Bearer ", `Bearer ${unknown} x`]) {
        await assert.rejects(authenticate(store, header), { code: "UNAUTHENTICATED" });
      }
    });

    test("the first admin is made once, with a token that works and an event that says so", async (t) => {
      const { store } = await database.open(t);
      const first = await createFirstAdmin(store);
      assert.equal(first?.user, "admin");
      assert.equal((await authenticate(store, `Bearer ${first.secret}`)).role, "admin");
      assert.equal(await createFirstAdmin(store), undefined);
      const events = await listEvents(store);
      assert.deepEqual(
        events.map(({ actor, action, target }) => ({ actor, action, target })),
        [{ actor: "hop3", action: "user.create", target: "admin" }],
      );
      assert.ok(!JSON.stringify(events).includes(first.secret));
      assert.deepEqual(await verifyEvents(store), { ok: true, count: 1 });
    });

    test("a server that knows somebody gets no first admin", async (t) => {
      const { store } = await database.open(t);
      await createUser(store, "ada", "viewer");
      assert.equal(await createFirstAdmin(store), undefined);
      assert.equal((await listUsers(store)).length, 1);
    });

    test("of several that start at once one makes the first admin", async (t) => {
      const { store, another } = await database.open(t);
      const second = await another();
      const made = await Promise.all([store, second, store, second].map((each) => createFirstAdmin(each)));
      assert.equal(made.filter((each) => each !== undefined).length, 1);
      assert.equal((await listTokens(store)).length, 1);
      assert.deepEqual(await verifyEvents(store), { ok: true, count: 1 });
    });
  });
}
