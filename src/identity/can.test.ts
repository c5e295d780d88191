import assert from "node:assert/strict";
import { test } from "node:test";
import { actions, type Action } from "#core/actions.ts";
import type { UserRole } from "#store/users.ts";
import { authorize, can } from "./can.ts";
import { appResource, server, type Principal } from "./principal.ts";

/** The whole table, written out by hand: a new action fails this test until somebody decides who may do it. */
const table: Record<Action, { on: "server" | "app"; who: readonly UserRole[] }> = {
  "app.list": { on: "server", who: ["admin", "developer", "viewer"] },
  "app.show": { on: "app", who: ["admin", "developer", "viewer"] },
  "app.deploy": { on: "app", who: ["admin", "developer"] },
  "app.operate": { on: "app", who: ["admin", "developer"] },
  "app.run": { on: "app", who: ["admin", "developer"] },
  "app.logs": { on: "app", who: ["admin", "developer", "viewer"] },
  "app.env.read": { on: "app", who: ["admin", "developer"] },
  "app.env.write": { on: "app", who: ["admin", "developer"] },
  "app.domain.write": { on: "app", who: ["admin", "developer"] },
  "app.destroy": { on: "app", who: ["admin"] },
  "system.info": { on: "server", who: ["admin", "developer", "viewer"] },
  "system.logs": { on: "server", who: ["admin"] },
  "system.metrics": { on: "server", who: ["admin", "developer", "viewer"] },
};

const somebody = (role: UserRole): Principal => ({ name: "ada", role, token: "0123456789abcdef" });
const app = appResource("blog");

test("every role may do to every resource what the table says, and nothing else", () => {
  let seen = 0;
  for (const action of actions) {
    for (const role of ["admin", "developer", "viewer"] as const) {
      for (const resource of [server, app]) {
        const expected = table[action].on === resource.kind && table[action].who.includes(role);
        assert.equal(can(somebody(role), action, resource), expected, `${role} ${action} ${resource.kind}`);
        seen += 1;
      }
    }
  }
  assert.equal(seen, Object.keys(table).length * 6);
});

test("nobody may do nothing", () => {
  for (const action of actions) {
    assert.equal(can(undefined, action, server), false);
    assert.equal(can(undefined, action, app), false);
  }
});

test("what is unknown is denied, even to an admin", () => {
  assert.equal(can(somebody("admin"), "app.fly" as Action, app), false);
  assert.equal(can(somebody("admin"), "constructor" as Action, app), false);
  for (const role of ["root", "constructor", "__proto__", "toString", ""]) {
    assert.equal(can(somebody(role as UserRole), "app.show", app), false, role);
  }
});

test("authorize says whether one must log in or ask for a right", () => {
  assert.throws(() => authorize(undefined, "app.show", app), { code: "UNAUTHENTICATED" });
  assert.throws(() => authorize(somebody("viewer"), "app.destroy", app), { code: "DENIED" });
  authorize(somebody("admin"), "app.destroy", app);
});
