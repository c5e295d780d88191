/**
 * The one place that decides who may do what. Pure; what is not allowed here is denied.
 * Roles: a member may do what it is granted for an app; a viewer looks at all apps, a developer also changes them, an auditor
 * sees who did what; an admin does everything in its organisation, and runs the server if that is the first one.
 */
import { actions, type Action } from "#core/actions.ts";
import { AppError } from "#core/errors.ts";
import type { AppRole, Role } from "#core/roles.ts";
import { appNotFound } from "#store/apps.ts";
import { firstOrg } from "#store/orgs.ts";
import type { Principal, Resource } from "./principal.ts";

const member = ["app.list", "account.read", "account.write"] as const satisfies readonly Action[];
const looks = ["app.show", "app.logs"] as const satisfies readonly Action[];
const changes = [
  ...looks,
  "app.deploy",
  "app.operate",
  "app.run",
  "app.env.read",
  "app.env.write",
  "app.domain.write",
  "app.source.read",
  "app.source.write",
] as const satisfies readonly Action[];
const server = ["system.info", "system.metrics"] as const satisfies readonly Action[];

const ofRole: Readonly<Record<Role, ReadonlySet<Action>>> = {
  admin: new Set(actions),
  developer: new Set([...member, ...changes, ...server]),
  viewer: new Set([...member, ...looks, ...server]),
  auditor: new Set([...member, "app.show", ...server, "user.list", "access.list", "audit.read", "audit.export"]),
  member: new Set(member),
};

const ofGrant: Readonly<Record<AppRole, ReadonlySet<Action>>> = {
  admin: new Set([...changes, "app.destroy", "access.list", "access.manage"]),
  developer: new Set(changes),
  viewer: new Set(looks),
};

/** What an action is done to; `access.*` is both: groups are the organisation's, grants an app's. */
const onServer: ReadonlySet<Action> = new Set<Action>([
  "app.list",
  "account.read",
  "account.write",
  "user.list",
  "user.manage",
  "access.list",
  "access.manage",
  "audit.read",
  "audit.export",
  "system.info",
  "system.logs",
  "system.metrics",
]);
const onBoth: ReadonlySet<Action> = new Set<Action>(["access.list", "access.manage", "audit.read"]);

/** The host's own: of no concern to an organisation that is only its guest. */
const ofTheHost: ReadonlySet<Action> = new Set<Action>(["audit.export", "system.logs", "system.metrics"]);

/** True when the principal may. An action asked for on the wrong kind of resource is denied: the caller is confused. */
export function can(principal: Principal | undefined, action: Action, resource: Resource): boolean {
  if (principal === undefined) return false;
  const fits = onBoth.has(action) || onServer.has(action) === (resource.kind === "server");
  if (!fits || !withinScope(principal, action, resource)) return false;
  if (ofTheHost.has(action) && principal.org !== firstOrg) return false;
  if (resource.kind === "app" && resource.org !== undefined && resource.org !== principal.org) return false;
  if (principal.roles.some((role) => Object.hasOwn(ofRole, role) && ofRole[role].has(action))) return true;
  // A grant is for the app that it was given for, not for one of the same name that comes after it.
  if (resource.kind === "server" || resource.org === undefined) return false;
  const granted = principal.grants.get(resource.app) ?? [];
  return granted.some((role) => Object.hasOwn(ofGrant, role) && ofGrant[role].has(action));
}

/** A credential that names apps is for these: of the server it may see only what they are seen by. */
function withinScope({ scope }: Principal, action: Action, resource: Resource): boolean {
  if (scope.actions !== null && !scope.actions.includes(action)) return false;
  if (scope.apps === null) return true;
  return resource.kind === "app" ? scope.apps.includes(resource.app) : action === "app.list";
}

/** Throws UNAUTHENTICATED for nobody; APP_NOT_FOUND for an app that the principal may not even see; DENIED else. */
export function authorize(principal: Principal | undefined, action: Action, resource: Resource): void {
  if (can(principal, action, resource)) return;
  if (principal === undefined) throw new AppError("UNAUTHENTICATED", "You are not logged in.");
  // Whether it exists is not told to who may not see it.
  if (resource.kind === "app" && !can(principal, "app.show", resource)) throw appNotFound(resource.app);
  const { actions: named, apps } = principal.scope;
  const narrowed = named !== null || apps !== null ? ", or your token is not for it" : "";
  throw new AppError("DENIED", `Your role (${principal.roles.join(", ")}) does not allow this (${action})${narrowed}.`);
}
