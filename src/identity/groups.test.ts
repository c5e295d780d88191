import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { databases } from "../../test/databases.ts";
import { createApp } from "#store/apps.ts";
import { createOrg } from "#store/orgs.ts";
import { createUser } from "#store/users.ts";
import { can } from "./can.ts";
import {
  accessTo,
  addMember,
  createGroup,
  destroyGroup,
  grantAccess,
  removeMember,
  revokeAccess,
  showGroup,
} from "./groups.ts";
import { appResource, server } from "./principal.ts";
import { askerOf } from "./testing.ts";
import { removeUser } from "./users.ts";

const blog = appResource("blog", "default");
const user = (name: string) => ({ kind: "user", name }) as const;
const group = (name: string) => ({ kind: "group", name }) as const;

for (const database of databases) {
  const setUp = async (t: Parameters<typeof database.open>[0]) => {
    const { store } = await database.open(t);
    await createUser(store, "boss", "admin");
    await createUser(store, "ada", "member");
    await createApp(store, "blog");
    const principal = async (name: string) => (await askerOf(store, name)).principal;
    return { store, principal, boss: await askerOf(store, "boss") };
  };

  describe(`groups and rights on ${database.name}`, () => {
    test("a right for an app is had while it is granted, by oneself or through a group", async (t) => {
      const { store, boss, principal } = await setUp(t);
      assert.ok(!can(await principal("ada"), "app.show", blog));
      await grantAccess(store, boss, { app: "blog", subject: user("ada"), role: "viewer" });
      assert.ok(can(await principal("ada"), "app.show", blog));
      assert.ok(!can(await principal("ada"), "app.deploy", blog));
      await createGroup(store, boss, { name: "team", role: null, claim: null });
      await addMember(store, boss, "team", "ada");
      await grantAccess(store, boss, { app: "blog", subject: group("team"), role: "developer" });
      assert.ok(can(await principal("ada"), "app.deploy", blog));
      assert.ok(!can(await principal("ada"), "app.destroy", blog));
      await removeMember(store, boss, "team", "ada");
      assert.ok(!can(await principal("ada"), "app.deploy", blog));
      await revokeAccess(store, boss, "blog", user("ada"));
      assert.ok(!can(await principal("ada"), "app.show", blog));
      await assert.rejects(revokeAccess(store, boss, "blog", user("ada")), { code: "NOT_FOUND" });
    });

    test("a second grant replaces the first, and the list shows who gave it", async (t) => {
      const { store, boss } = await setUp(t);
      await grantAccess(store, boss, { app: "blog", subject: user("ada"), role: "admin" });
      const [only, ...more] = await grantAccess(store, boss, { app: "blog", subject: user("ada"), role: "viewer" });
      assert.deepEqual([only?.role, only?.createdBy, more.length], ["viewer", "boss", 0]);
    });

    test("a group with a role gives it to its members, until it is destroyed", async (t) => {
      const { store, boss, principal } = await setUp(t);
      await createGroup(store, boss, { name: "ops", role: "admin", claim: null });
      await addMember(store, boss, "ops", "ada");
      assert.ok(can(await principal("ada"), "user.manage", server));
      await destroyGroup(store, boss, "ops");
      assert.ok(!can(await principal("ada"), "user.manage", server));
      await assert.rejects(showGroup(store, boss.principal, "ops"), { code: "NOT_FOUND" });
    });

    test("a group that is made again, and a user, have nothing of what the one before had", async (t) => {
      const { store, boss, principal } = await setUp(t);
      await createGroup(store, boss, { name: "team", role: null, claim: null });
      await addMember(store, boss, "team", "ada");
      await grantAccess(store, boss, { app: "blog", subject: group("team"), role: "developer" });
      await grantAccess(store, boss, { app: "blog", subject: user("ada"), role: "viewer" });
      await destroyGroup(store, boss, "team");
      await createGroup(store, boss, { name: "team", role: null, claim: null });
      await addMember(store, boss, "team", "ada");
      assert.ok(!can(await principal("ada"), "app.deploy", blog));
      await removeUser(store, boss, "ada");
      await createUser(store, "ada", "member");
      assert.ok(!can(await principal("ada"), "app.show", blog));
      assert.deepEqual(await accessTo(store, "blog"), []);
    });

    test("groups, users and apps of another organisation do not exist", async (t) => {
      const { store, boss } = await setUp(t);
      await createOrg(store, "other");
      await createUser(store, "zoe", "admin", { org: "other" });
      const zoe = await askerOf(store, "zoe", { org: "other" });
      await createGroup(store, zoe, { name: "team", role: null, claim: null });
      for (const work of [
        () => addMember(store, zoe, "team", "ada"),
        () => addMember(store, boss, "team", "ada"),
        () => destroyGroup(store, boss, "team"),
        () => grantAccess(store, boss, { app: "blog", subject: user("zoe"), role: "admin" }),
        () => grantAccess(store, boss, { app: "blog", subject: group("team"), role: "admin" }),
      ]) {
        await assert.rejects(work(), { code: "NOT_FOUND" });
      }
    });

    // A12: what a narrowed credential gives is never wider than it is.
    test("a narrowed token puts nobody into a group, and makes none that gives a role", async (t) => {
      const { store, boss } = await setUp(t);
      await createGroup(store, boss, { name: "ops", role: "admin", claim: null });
      const narrow = await askerOf(store, "boss", { actions: ["access.manage"] });
      await assert.rejects(addMember(store, narrow, "ops", "ada"), { code: "DENIED" });
      await assert.rejects(createGroup(store, narrow, { name: "x", role: "admin", claim: null }), { code: "DENIED" });
      await assert.rejects(createGroup(store, narrow, { name: "x", role: null, claim: "staff" }), { code: "DENIED" });
      await createGroup(store, narrow, { name: "x", role: null, claim: null });
    });
  });
}
