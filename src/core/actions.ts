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
  "system.info",
  "system.logs",
  "system.metrics",
] as const;

export type Action = (typeof actions)[number];
