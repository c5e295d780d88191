/**
 * Who may do what, as the tests expect it: the whole table by hand, so that `can` and the answers of the API are compared
 * with what was decided and not with themselves.
 */
import type { Action } from "#core/actions.ts";
import { type AppRole, appRoles, type Role, roles } from "#core/roles.ts";

export type Right = {
  readonly on: "server" | "app" | "both";
  readonly who: readonly Role[];
  readonly granted?: readonly AppRole[];
};

const all: readonly Role[] = roles;
const lookers: readonly Role[] = ["admin", "developer", "viewer"];
const seers: readonly Role[] = [...lookers, "auditor"];
const developers: readonly Role[] = ["admin", "developer"];

/** Written out by hand: a new action does not compile until somebody decides who may do it. */
export const rights: Record<Action, Right> = {
  "app.list": { on: "server", who: all },
  "app.show": { on: "app", who: seers, granted: appRoles },
  "app.deploy": { on: "app", who: developers, granted: developers as AppRole[] },
  "app.operate": { on: "app", who: developers, granted: developers as AppRole[] },
  "app.run": { on: "app", who: developers, granted: developers as AppRole[] },
  "app.logs": { on: "app", who: lookers, granted: appRoles },
  "app.env.read": { on: "app", who: developers, granted: developers as AppRole[] },
  "app.env.write": { on: "app", who: developers, granted: developers as AppRole[] },
  "app.domain.write": { on: "app", who: developers, granted: developers as AppRole[] },
  "app.source.read": { on: "app", who: developers, granted: developers as AppRole[] },
  "app.source.write": { on: "app", who: developers, granted: developers as AppRole[] },
  "app.destroy": { on: "app", who: ["admin"], granted: ["admin"] },
  "account.read": { on: "server", who: all },
  "account.write": { on: "server", who: all },
  "user.list": { on: "server", who: ["admin", "auditor"] },
  "user.manage": { on: "server", who: ["admin"] },
  "access.list": { on: "both", who: ["admin", "auditor"], granted: ["admin"] },
  "access.manage": { on: "both", who: ["admin"], granted: ["admin"] },
  "audit.read": { on: "both", who: ["admin", "auditor"] },
  "audit.export": { on: "server", who: ["admin", "auditor"] },
  "system.info": { on: "server", who: seers },
  "system.logs": { on: "server", who: ["admin"] },
  "system.metrics": { on: "server", who: seers },
};

/** The host's own: for members of the first organisation alone. */
export const ofTheHost: readonly Action[] = ["audit.export", "system.logs", "system.metrics"];
