import assert from "node:assert/strict";
import { test } from "node:test";
import { actions, type Action } from "#core/actions.ts";
import { type AppRole, appRoles, type Role, roles } from "#core/roles.ts";
import { authorize, can } from "./can.ts";
import { appResource, server, type Principal, type Resource } from "./principal.ts";
import { type Right, rights as table } from "./testing-rights.ts";

const somebody = (role: Role, extra: Partial<Principal> = {}): Principal => ({
  name: "ada",
  kind: "person",
  org: "default",
  roles: [role],
  grants: new Map(),
  credential: { id: "0123456789abcdef", kind: "token", name: "laptop", expiresAt: null },
  scope: { actions: null, apps: null },
  address: undefined,
  ...extra,
});
const app = appResource("blog", "default");
const fits = (on: Right["on"], resource: Resource): boolean => on === "both" || on === resource.kind;

test("every role may do to every resource what the table says, and nothing else", () => {
  let seen = 0;
  for (const action of actions) {
    for (const role of roles) {
      for (const resource of [server, app]) {
        const { on, who } = table[action];
        const expected = fits(on, resource) && who.includes(role);
        assert.equal(can(somebody(role), action, resource), expected, `${role} ${action} ${resource.kind}`);
        seen += 1;
      }
    }
  }
  assert.equal(seen, Object.keys(table).length * roles.length * 2);
});

test("a grant gives what the table says for its app, and nothing for another, for one to come, or for the server", () => {
  for (const action of actions) {
    for (const role of appRoles) {
      const granted = somebody("member", { grants: new Map([["blog", [role]]]) });
      const { on, who, granted: by = [] } = table[action];
      assert.equal(can(granted, action, app), fits(on, app) && by.includes(role), `${role} ${action}`);
      for (const other of [appResource("shop", "default"), appResource("blog", undefined), server]) {
        assert.equal(can(granted, action, other), fits(on, other) && who.includes("member"), `${role} ${action}`);
      }
    }
  }
});

test("of several roles each gives what it gives", () => {
  const both = somebody("auditor", { roles: ["auditor", "developer"] });
  assert.equal(can(both, "audit.read", server), true);
  assert.equal(can(both, "app.deploy", app), true);
  assert.equal(can(both, "app.destroy", app), false);
  assert.equal(can(somebody("member", { roles: [] }), "app.list", server), false);
});

test("an admin of another organisation may do nothing here, and nothing to the host", () => {
  const guest = somebody("admin", { org: "guests", grants: new Map([["blog", ["admin"]]]) });
  for (const action of actions) assert.equal(can(guest, action, app), false, action);
  for (const action of ["audit.export", "system.logs", "system.metrics"] as const) {
    assert.equal(can(guest, action, server), false, action);
  }
  assert.equal(can(guest, "app.deploy", appResource("theirs", "guests")), true);
  assert.equal(can(guest, "app.deploy", appResource("new", undefined)), true);
});

test("a credential is never good for more than it is narrowed to", () => {
  for (const action of actions) {
    for (const resource of [server, app]) {
      const wide = can(somebody("admin"), action, resource);
      const one = somebody("admin", { scope: { actions: ["app.deploy"], apps: null } });
      assert.equal(can(one, action, resource), wide && action === "app.deploy", action);
      const other = somebody("admin", { scope: { actions: null, apps: ["shop"] } });
      assert.equal(can(other, action, resource), wide && action === "app.list" && resource === server, action);
      const none = somebody("admin", { scope: { actions: [], apps: null } });
      assert.equal(can(none, action, resource), false, action);
    }
  }
  const both = somebody("viewer", { scope: { actions: ["app.deploy", "app.logs"], apps: ["blog"] } });
  assert.equal(can(both, "app.logs", app), true);
  assert.equal(can(both, "app.deploy", app), false);
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
    assert.equal(can(somebody(role as Role), "app.show", app), false, role);
    const granted = somebody("member", { grants: new Map([["blog", [role as AppRole]]]) });
    assert.equal(can(granted, "app.show", app), false, role);
  }
});

test("authorize says whether one must log in, ask for a right, or has no such app as far as it may know", () => {
  assert.throws(() => authorize(undefined, "app.show", app), { code: "UNAUTHENTICATED" });
  assert.throws(() => authorize(somebody("viewer"), "app.destroy", app), { code: "DENIED" });
  const message = 'There is no app "blog".';
  assert.throws(() => authorize(somebody("member"), "app.destroy", app), { code: "APP_NOT_FOUND", message });
  const guest = somebody("admin", { org: "guests" });
  assert.throws(() => authorize(guest, "app.show", app), { code: "APP_NOT_FOUND", message });
  authorize(somebody("admin"), "app.destroy", app);
});
