/** Everything that a principal may be allowed to do. `can(principal, action, resource)` decides; default deny. */
export const actions = [
  "app.list",
  "app.show",
  "app.deploy",
  "app.operate",
  "app.logs",
  "app.run",
  "app.env.read",
  "app.env.write",
  "app.domain.write",
  "app.destroy",
  "app.source.read",
  "app.source.write",
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
] as const;

export type Action = (typeof actions)[number];
