import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { databases } from "../../test/databases.ts";
import { query } from "./db.ts";
import { createToken, findToken, listTokens, revokeToken, touchToken } from "./tokens.ts";
import { createUser, deleteUser, getUser, listUsers } from "./users.ts";

for (const database of databases) {
  describe(`users and tokens on ${database.name}`, () => {
    test("users have a name and a role, each name once", async (t) => {
      const { store } = await database.open(t);
      const ada = await createUser(store, "ada", "developer");
      assert.deepEqual(ada, {
        name: "ada",
        kind: "person",
        org: "default",
        role: "developer",
        email: null,
        disabledAt: null,
        password: false,
        totp: false,
        createdAt: "2026-01-01T00:00:00.000Z",
      });
      await assert.rejects(createUser(store, "ada", "admin"), { code: "CONFLICT" });
      await assert.rejects(createUser(store, "Ada!", "admin"), { code: "INVALID_INPUT" });
      await createUser(store, "a.b", "viewer");
      assert.deepEqual(
        (await listUsers(store)).map((user) => user.name),
        ["a.b", "ada"],
      );
      assert.deepEqual(await getUser(store, "ada"), ada);
      assert.equal(await getUser(store, "eve"), undefined);
    });

    test("a token's secret is given once and not stored", async (t) => {
      const { store } = await database.open(t);
      await createUser(store, "ada", "developer");
      const { token, secret } = await createToken(store, { user: "ada", name: "laptop" });
      assert.match(secret, /^hop3_[A-Za-z0-9_-]{43}$/);
      assert.deepEqual(await findToken(store, secret), { token, role: "developer", userKind: "person" });
      const rows = JSON.stringify(await query(store).selectFrom("tokens").selectAll().execute());
      assert.ok(!rows.includes(secret.slice(5)));
      assert.notEqual((await createToken(store, { user: "ada", name: "laptop" })).secret, secret);
      await assert.rejects(createToken(store, { user: "eve", name: "x" }), { code: "NOT_FOUND" });
    });

    test("nothing but the whole secret finds a token", async (t) => {
      const { store } = await database.open(t);
      await createUser(store, "ada", "developer");
      const { token, secret } = await createToken(store, { user: "ada", name: "laptop" });
      const last = secret.endsWith("A") ? "B" : "A";
      for (const wrong of [
        "",
        "hop3_",
        secret.slice(0, -1),
        `${secret}A`,
        secret.slice(0, -1) + last,
        token.id,
        `${secret}\n`,
      ]) {
        assert.equal(await findToken(store, wrong), undefined, wrong);
      }
    });

    test("a hash that begins the same is not the same", async (t) => {
      const { store } = await database.open(t);
      await createUser(store, "ada", "developer");
      const { token, secret } = await createToken(store, { user: "ada", name: "laptop" });
      await query(store)
        .updateTable("tokens")
        .set({ hash: token.id.padEnd(64, "0") })
        .execute();
      assert.equal(await findToken(store, secret), undefined);
    });

    test("a token ends at its time, at its revocation, and with its user", async (t) => {
      const { store, clock } = await database.open(t);
      await createUser(store, "ada", "developer");
      const until = new Date(clock.now() + 60_000).toISOString();
      const short = await createToken(store, { user: "ada", name: "short", expiresAt: until });
      clock.advance(59_999);
      assert.ok(await findToken(store, short.secret));
      clock.advance(1);
      assert.equal(await findToken(store, short.secret), undefined);

      const lost = await createToken(store, { user: "ada", name: "lost" });
      assert.equal(await revokeToken(store, lost.token.id), true);
      assert.equal(await revokeToken(store, lost.token.id), false);
      assert.equal(await findToken(store, lost.secret), undefined);
      assert.deepEqual(
        (await listTokens(store, "ada")).map(({ name, revokedAt }) => ({ name, revoked: revokedAt !== null })),
        [
          { name: "lost", revoked: true },
          { name: "short", revoked: false },
        ],
      );

      const kept = await createToken(store, { user: "ada", name: "kept" });
      assert.equal(await deleteUser(store, "ada"), true);
      assert.equal(await deleteUser(store, "ada"), false);
      assert.equal(await findToken(store, kept.secret), undefined);
      assert.deepEqual(await listTokens(store), []);
    });

    test("its use is written down at most once a minute", async (t) => {
      const { store, clock } = await database.open(t);
      await createUser(store, "ada", "developer");
      const { secret } = await createToken(store, { user: "ada", name: "laptop" });
      const use = async () => {
        const found = await findToken(store, secret);
        assert.ok(found);
        await touchToken(store, found.token);
        return (await listTokens(store))[0]?.lastUsedAt;
      };
      assert.equal(await use(), "2026-01-01T00:00:00.000Z");
      clock.advance(59_999);
      assert.equal(await use(), "2026-01-01T00:00:00.000Z");
      clock.advance(1);
      assert.equal(await use(), "2026-01-01T00:01:00.000Z");
      clock.advance(-60 * 60_000);
      assert.equal(await use(), "2025-12-31T23:01:00.000Z");
    });

    test("a clock that is moved by an hour ends what its own time ends, for as long as it says so, and nothing else", async (t) => {
      const { store, clock } = await database.open(t);
      await createUser(store, "ada", "developer");
      const hour = 60 * 60_000;
      const until = new Date(clock.now() + hour / 2).toISOString();
      const short = await createToken(store, { user: "ada", name: "short", expiresAt: until });
      const lasting = await createToken(store, { user: "ada", name: "lasting" });
      const valid = async () =>
        Promise.all([short, lasting].map(async ({ secret }) => (await findToken(store, secret)) !== undefined));
      for (const [moved, expected] of [
        [-hour, [true, true]],
        [2 * hour, [false, true]],
        [-hour, [true, true]],
      ] as const) {
        clock.advance(moved);
        assert.deepEqual(await valid(), expected, `moved by ${moved}`);
      }
    });
  });
}
