/**
 * The one place that decides who may do what. Pure; what is not allowed here is denied.
 * Roles: a viewer looks, a developer also changes apps, an admin does everything.
 */
import { actions, type Action } from "#core/actions.ts";
import { AppError } from "#core/errors.ts";
import type { UserRole } from "#store/users.ts";
import type { Principal, Resource } from "./principal.ts";

const viewer = [
  "app.list",
  "app.show",
  "app.logs",
  "system.info",
  "system.metrics",
] as const satisfies readonly Action[];
const developer = [
  ...viewer,
  "app.deploy",
  "app.operate",
  "app.run",
  "app.env.read",
  "app.env.write",
  "app.domain.write",
] as const satisfies readonly Action[];

const allowed: Readonly<Record<UserRole, ReadonlySet<Action>>> = {
  admin: new Set(actions),
  developer: new Set(developer),
  viewer: new Set(viewer),
};

const onServer: ReadonlySet<Action> = new Set<Action>(["app.list", "system.info", "system.logs", "system.metrics"]);

/** True when the principal may. An action asked for on the wrong kind of resource is denied: the caller is confused. */
export function can(principal: Principal | undefined, action: Action, resource: Resource): boolean {
  if (principal === undefined) return false;
  if (onServer.has(action) !== (resource.kind === "server")) return false;
  return Object.hasOwn(allowed, principal.role) && allowed[principal.role].has(action);
}

/** Throws UNAUTHENTICATED for nobody, DENIED for somebody who may not. */
export function authorize(principal: Principal | undefined, action: Action, resource: Resource): void {
  if (can(principal, action, resource)) return;
  if (principal === undefined) throw new AppError("UNAUTHENTICATED", "You are not logged in.");
  throw new AppError("DENIED", `Your role (${principal.role}) does not allow this (${action}).`);
}
