import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { databases } from "../../test/databases.ts";
import { createApp, deleteApp } from "#store/apps.ts";
import { listEvents, verifyEvents } from "#store/events.ts";
import { grantsOnApp, removeGrant, setGrant } from "#store/grants.ts";
import { addToGroup, createGroup, deleteGroup, listGroups, membersOfGroup, removeFromGroup } from "#store/groups.ts";
import { createOrg } from "#store/orgs.ts";
import { createToken, listTokens, type NewToken, revokeToken } from "#store/tokens.ts";
import { createUser, listUsers } from "#store/users.ts";
import { authenticate, reloadPrincipal } from "./authenticate.ts";
import { createFirstAdmin } from "./first-admin.ts";

for (const database of databases) {
  describe(`identity on ${database.name}`, () => {
    test("a bearer token leads to its user and role, and its use is noted", async (t) => {
      const { store } = await database.open(t);
      await createUser(store, "ada", "viewer");
      const { secret, token } = await createToken(store, { user: "ada", name: "laptop" });
      const ada = {
        name: "ada",
        kind: "person",
        org: "default",
        roles: ["viewer"],
        grants: new Map(),
        credential: { id: token.id, kind: "token", name: "laptop", expiresAt: null },
        scope: { actions: null, apps: null },
        address: "127.0.0.1",
      };
      assert.deepEqual(await authenticate(store, `Bearer ${secret}`, "127.0.0.1"), ada);
      assert.deepEqual(await authenticate(store, `bearer  ${secret}`, "127.0.0.1"), ada);
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
        await assert.rejects(authenticate(store, header, undefined), (error: Error & { code?: string }) => {
          assert.equal(error.code, "UNAUTHENTICATED");
          messages.add(error.message);
          return true;
        });
      }
      assert.equal(messages.size, 1);
      for (const header of [undefined, "", "Basic YTpi", "Bearer", "Bearer ", `Bearer ${unknown} x`]) {
        await assert.rejects(authenticate(store, header, undefined), { code: "UNAUTHENTICATED" });
      }
    });

    test("what a user is comes from its organisation, its groups and its grants, as of now", async (t) => {
      const { store } = await database.open(t);
      await createOrg(store, "guests");
      await createUser(store, "ada", "member");
      await createApp(store, "blog");
      await createApp(store, "shop");
      await createApp(store, "theirs", "guests");
      await createGroup(store, { org: "default", name: "eyes", role: "auditor" });
      await createGroup(store, { org: "default", name: "shopkeepers" });
      await createGroup(store, { org: "guests", name: "eyes", role: "admin" });
      for (const group of ["eyes", "shopkeepers"]) await addToGroup(store, { org: "default", group, user: "ada" });
      await assert.rejects(addToGroup(store, { org: "guests", group: "eyes", user: "ada" }), { code: "NOT_FOUND" });
      const by = "root";
      await setGrant(store, { app: "blog", subject: { kind: "user", name: "ada" }, role: "developer", by });
      await setGrant(store, { app: "shop", subject: { kind: "group", name: "shopkeepers" }, role: "viewer", by });
      await setGrant(store, { app: "shop", subject: { kind: "user", name: "ada" }, role: "viewer", by });
      await setGrant(store, { app: "shop", subject: { kind: "user", name: "ada" }, role: "admin", by });
      const eyes = { kind: "group", name: "eyes" } as const;
      await setGrant(store, { app: "theirs", subject: eyes, role: "admin", by });
      const alien = { app: "theirs", subject: { kind: "user", name: "ada" }, role: "admin", by } as const;
      await assert.rejects(setGrant(store, alien), { code: "NOT_FOUND" });
      assert.deepEqual(
        (await grantsOnApp(store, "shop")).map(({ subject, role }) => [subject.name, role]),
        [
          ["ada", "admin"],
          ["shopkeepers", "viewer"],
        ],
      );
      assert.deepEqual(
        (await listGroups(store, "default")).map(({ name }) => name),
        ["eyes", "shopkeepers"],
      );
      assert.deepEqual(await membersOfGroup(store, "default", "eyes"), ["ada"]);
      const { secret } = await createToken(store, { user: "ada", name: "laptop" });
      const ada = await authenticate(store, `Bearer ${secret}`, undefined);
      assert.deepEqual(ada.roles, ["member", "auditor"]);
      assert.deepEqual(
        [...ada.grants].map(([app, roles]) => [app, roles.toSorted()]),
        [
          ["blog", ["developer"]],
          ["shop", ["admin", "viewer"]],
        ],
      );

      await deleteGroup(store, "default", "shopkeepers");
      await removeGrant(store, "blog", { kind: "user", name: "ada" });
      await removeFromGroup(store, "default", "eyes", "ada");
      const later = await reloadPrincipal(store, ada);
      assert.deepEqual([later?.roles, [...(later?.grants ?? [])]], [["member"], [["shop", ["admin"]]]]);
      await deleteApp(store, "shop");
      await createApp(store, "shop");
      assert.equal((await reloadPrincipal(store, ada))?.grants.size, 0);
      await revokeToken(store, ada.credential.id);
      assert.equal(await reloadPrincipal(store, ada), undefined);
    });

    test("a token of another organisation, of a session left idle, or for other addresses is no token here", async (t) => {
      const { store, clock } = await database.open(t);
      await createOrg(store, "guests");
      await createUser(store, "ada", "viewer");
      const bearer = async (extra: Partial<NewToken>) =>
        `Bearer ${(await createToken(store, { user: "ada", name: "x", ...extra })).secret}`;
      const refused = { code: "UNAUTHENTICATED", message: "This token is not valid here, or not any more." };
      await assert.rejects(authenticate(store, await bearer({ org: "guests" }), undefined), refused);

      const near = await bearer({ addresses: ["192.0.2.0/24", "2001:db8::/32"] });
      const { name, address } = await authenticate(store, near, "192.0.2.9");
      assert.deepEqual([name, address], ["ada", "192.0.2.9"]);
      assert.equal((await authenticate(store, near, "2001:db8::9")).name, "ada");
      for (const other of ["192.0.3.9", "::1", "", undefined]) {
        await assert.rejects(authenticate(store, near, other), refused);
      }

      const session = await bearer({ kind: "session", idleSeconds: 3600 });
      clock.advance(3_599_000);
      const { credential } = await authenticate(store, session, undefined);
      assert.equal(credential.kind, "session");
      clock.advance(3_599_000);
      await authenticate(store, session, undefined);
      clock.advance(3_600_000);
      await assert.rejects(authenticate(store, session, undefined), refused);
    });

    test("the first admin is made once, with a token that works and an event that says so", async (t) => {
      const { store } = await database.open(t);
      const first = await createFirstAdmin(store);
      assert.equal(first?.user, "admin");
      assert.deepEqual((await authenticate(store, `Bearer ${first.secret}`, undefined)).roles, ["admin"]);
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
