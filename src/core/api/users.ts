/** The users of the organisation, as its admins have them. */
import { z } from "zod";
import { roles } from "../roles.ts";
import { credentialId, newToken, sessionView, tokenView, tokenWish, userName } from "./credentials.ts";
import { nextPage, pageQuery } from "./page.ts";
import { defineRoute } from "./route.ts";
import { isoTime } from "./shared.ts";

const userView = z.object({
  user: userName,
  kind: z.enum(["person", "service"]).describe("`service`: an account for a program; it has tokens and no password"),
  role: z.enum(roles),
  email: z.string().nullable(),
  disabledAt: isoTime.nullable().describe("Since when it may do nothing"),
  password: z.boolean().describe("Whether it has a password"),
  totp: z.boolean().describe("Whether a second factor is asked for"),
  createdAt: isoTime,
});
export type UserView = z.infer<typeof userView>;

const userParams = z.strictObject({ user: userName });
const credentialParams = z.strictObject({ user: userName, id: credentialId });

const oneTime = z
  .object({ password: z.string(), expiresAt: isoTime })
  .describe("One-time password, told once: at the first login its user chooses another, and can do nothing before");

export const listUsers = defineRoute({
  method: "GET",
  path: "/users",
  summary: "The users, by name",
  action: "user.list",
  query: z.strictObject(pageQuery),
  response: z.object({ users: z.array(userView), next: nextPage }),
});

export const showUser = defineRoute({
  method: "GET",
  path: "/users/:user",
  summary: "A user",
  action: "user.list",
  params: userParams,
  response: userView,
  tagged: (user: UserView) => user,
});

export const addUser = defineRoute({
  method: "POST",
  path: "/users",
  summary: "Add a person, who gets a one-time password, or a service account",
  action: "user.manage",
  body: z.strictObject({
    user: userName,
    kind: z.enum(["person", "service"]).default("person"),
    role: z.enum(roles).default("member"),
    email: z.email().max(254).optional(),
  }),
  status: 201,
  response: z.object({ user: userView, oneTime: oneTime.nullable() }),
});

export const removeUser = defineRoute({
  method: "DELETE",
  path: "/users/:user",
  summary: "Remove a user with its credentials and rights; the last admin stays",
  action: "user.manage",
  params: userParams,
  changes: showUser,
  response: z.object({ removed: userName }),
});

export const disableUser = defineRoute({
  method: "POST",
  path: "/users/:user/disable",
  summary: "Keep a user out; its sessions end, its tokens wait. The last admin stays",
  action: "user.manage",
  params: userParams,
  changes: showUser,
  response: userView,
});

export const enableUser = defineRoute({
  method: "POST",
  path: "/users/:user/enable",
  summary: "Let a disabled user in again",
  action: "user.manage",
  params: userParams,
  changes: showUser,
  response: userView,
});

export const setRole = defineRoute({
  method: "PUT",
  path: "/users/:user/role",
  summary: "Change a user's role; the last admin stays one",
  action: "user.manage",
  params: userParams,
  changes: showUser,
  body: z.strictObject({ role: z.enum(roles) }),
  response: userView,
});

export const resetPassword = defineRoute({
  method: "POST",
  path: "/users/:user/password",
  summary: "A one-time password in place of the user's; its sessions end",
  action: "user.manage",
  params: userParams,
  changes: showUser,
  response: z.object({ user: userName, oneTime }),
});

export const resetTotp = defineRoute({
  method: "POST",
  path: "/users/:user/totp/disable",
  summary: "Remove the second factor of who has lost it",
  action: "user.manage",
  params: userParams,
  changes: showUser,
  response: userView,
});

export const listUserTokens = defineRoute({
  method: "GET",
  path: "/users/:user/tokens",
  summary: "A user's tokens",
  action: "user.list",
  params: userParams,
  response: z.object({ tokens: z.array(tokenView) }),
});

export const createUserToken = defineRoute({
  method: "POST",
  path: "/users/:user/tokens",
  summary: "A token for a service account, never wider than what makes it",
  action: "user.manage",
  params: userParams,
  body: tokenWish,
  status: 201,
  response: newToken,
});

export const revokeUserToken = defineRoute({
  method: "DELETE",
  path: "/users/:user/tokens/:id",
  summary: "Revoke a user's token",
  action: "user.manage",
  params: credentialParams,
  response: tokenView,
});

export const listUserSessions = defineRoute({
  method: "GET",
  path: "/users/:user/sessions",
  summary: "A user's sessions",
  action: "user.list",
  params: userParams,
  response: z.object({ sessions: z.array(sessionView) }),
});

export const endUserSession = defineRoute({
  method: "DELETE",
  path: "/users/:user/sessions/:id",
  summary: "End a user's session",
  action: "user.manage",
  params: credentialParams,
  response: sessionView,
});

export const endUserSessions = defineRoute({
  method: "DELETE",
  path: "/users/:user/sessions",
  summary: "End all sessions of a user",
  action: "user.manage",
  params: userParams,
  response: z.object({ ended: z.int().describe("How many") }),
});
