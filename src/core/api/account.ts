/** One's own account: password, second factor, tokens, sessions. What changes how one logs in asks for the password. */
import { z } from "zod";
import { typedPassword } from "./auth.ts";
import { credentialId, newToken, sessionView, tokenView, tokenWish } from "./credentials.ts";
import { defineRoute } from "./route.ts";

const recoveryCodes = z.object({
  codes: z.array(z.string()).describe("Recovery codes, each good for one login; told once"),
});

export const changePassword = defineRoute({
  method: "POST",
  path: "/account/password",
  summary: "Change one's own password; other sessions end",
  action: "account.write",
  body: z.strictObject({ present: typedPassword, next: typedPassword }),
  response: z.object({ ended: z.int().describe("How many sessions have ended") }),
});

export const proposeTotp = defineRoute({
  method: "POST",
  path: "/account/totp",
  summary: "Begin to set an authenticator up; it is asked for once a first code has confirmed it",
  action: "account.write",
  event: "none",
  body: z.strictObject({ password: typedPassword }),
  response: z.object({
    secret: z.string().describe("In base32, to type"),
    uri: z.string().describe("`otpauth://`, to scan as a QR code"),
  }),
});

export const confirmTotp = defineRoute({
  method: "POST",
  path: "/account/totp/confirm",
  summary: "Confirm the authenticator by its present code",
  action: "account.write",
  body: z.strictObject({ code: z.string().min(1).max(100) }),
  response: recoveryCodes,
});

export const disableTotp = defineRoute({
  method: "POST",
  path: "/account/totp/disable",
  summary: "Remove one's own authenticator with its recovery codes",
  action: "account.write",
  body: z.strictObject({ password: typedPassword }),
  response: z.object({ totp: z.literal(false) }),
});

export const renewRecoveryCodes = defineRoute({
  method: "POST",
  path: "/account/recovery-codes",
  summary: "New recovery codes in place of the old ones",
  action: "account.write",
  body: z.strictObject({ password: typedPassword }),
  response: recoveryCodes,
});

export const listOwnTokens = defineRoute({
  method: "GET",
  path: "/account/tokens",
  summary: "One's own tokens, the newest first",
  action: "account.read",
  response: z.object({ tokens: z.array(tokenView) }),
});

export const createOwnToken = defineRoute({
  method: "POST",
  path: "/account/tokens",
  summary: "A token for oneself, never wider than what makes it",
  action: "account.write",
  body: tokenWish,
  status: 201,
  response: newToken,
});

export const revokeOwnToken = defineRoute({
  method: "DELETE",
  path: "/account/tokens/:id",
  summary: "Revoke one of one's own tokens",
  action: "account.write",
  params: z.strictObject({ id: credentialId }),
  response: tokenView,
});

export const listOwnSessions = defineRoute({
  method: "GET",
  path: "/account/sessions",
  summary: "One's own sessions, the newest first",
  action: "account.read",
  response: z.object({ sessions: z.array(sessionView) }),
});

export const endOwnSession = defineRoute({
  method: "DELETE",
  path: "/account/sessions/:id",
  summary: "End one of one's own sessions",
  action: "account.write",
  params: z.strictObject({ id: credentialId }),
  response: sessionView,
});

export const endOwnSessions = defineRoute({
  method: "DELETE",
  path: "/account/sessions",
  summary: "End all of one's own sessions but the one that asks",
  action: "account.write",
  response: z.object({ ended: z.int().describe("How many") }),
});
