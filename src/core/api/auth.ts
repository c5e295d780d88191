/** Logging in and out. What is half finished is named by a secret that only the next step takes. */
import { z } from "zod";
import { passwordMax } from "../credential-limits.ts";
import { defineRoute } from "./route.ts";
import { isoTime } from "./shared.ts";

/** As it was typed: whether anybody has it is for the server to know, and not to tell. */
export const typedPassword = z.string().min(1).max(passwordMax).describe("The password; at most 1024 bytes");

export const loginSecret = z
  .string()
  .max(100)
  .describe("Of a login that is half finished, from the answer before; good for five minutes and five tries");

export const agentHeader = z.object({
  "user-agent": z
    .string()
    .optional()
    .transform((text) => text?.slice(0, 200))
    .describe("Shown to the owner in the list of sessions"),
});

export const loginStep = z
  .object({
    needs: z
      .enum(["totp", "password"])
      .nullable()
      .describe("What is missing: a code; another password in place of the one-time one. null: logged in"),
    login: z.string().nullable().describe("Secret of the half-finished login, for the next step"),
    secret: z.string().nullable().describe("Bearer secret of the new session; told once"),
    expiresAt: isoTime.describe("Of the session, or of the half-finished login"),
  })
  .describe("Either a session, or what is missing");

export const logIn = defineRoute({
  method: "POST",
  path: "/auth/login",
  summary: "Log in with user name and password",
  action: "public",
  // Who logs in is told of by the use case; what is half finished has changed nothing.
  event: "none",
  headers: agentHeader,
  body: z.strictObject({ user: z.string().min(1).max(200), password: typedPassword }),
  response: loginStep,
});

export const logInTotp = defineRoute({
  method: "POST",
  path: "/auth/login/totp",
  summary: "Go on with a code of the authenticator, or a recovery code",
  action: "public",
  // Who logs in is told of by the use case; what is half finished has changed nothing.
  event: "none",
  headers: agentHeader,
  body: z.strictObject({ login: loginSecret, code: z.string().min(1).max(100) }),
  response: loginStep,
});

export const logInPassword = defineRoute({
  method: "POST",
  path: "/auth/login/password",
  summary: "Go on with a password of one's own in place of the one-time password",
  action: "public",
  // Who logs in is told of by the use case; what is half finished has changed nothing.
  event: "none",
  headers: agentHeader,
  body: z.strictObject({ login: loginSecret, password: typedPassword }),
  response: loginStep,
});

export const logOut = defineRoute({
  method: "POST",
  path: "/auth/logout",
  summary: "End the session, or revoke the token, that this request carries",
  action: "signed-in",
  response: z.object({ ended: z.string().describe("Its id") }),
});
