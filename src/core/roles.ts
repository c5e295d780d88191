/** What somebody is in an organisation, and what somebody may be for one app. `identity/can.ts` says what each may do. */
export const roles = ["admin", "developer", "viewer", "auditor", "member"] as const;
export type Role = (typeof roles)[number];

export const appRoles = ["admin", "developer", "viewer"] as const;
export type AppRole = (typeof appRoles)[number];
