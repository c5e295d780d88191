/** Logging in by the server's OpenID Connect provider: with a browser on the same machine, or with any other by a code. */
import { z } from "zod";
import { isUserName } from "../names.ts";
import { agentHeader, loginSecret, loginStep, typedPassword } from "./auth.ts";
import { defineRoute } from "./route.ts";
import { isoTime } from "./shared.ts";

// That somebody has logged in is told by the use case; steps on the way there are not worth an event for whoever asks.
const begun = z.string().describe("Secret of this login: with it alone it can be ended");

const beginning = z.object({
  login: begun,
  url: z.string().describe("The provider's page to open"),
  expiresAt: isoTime,
});
const redirect = z
  .string()
  .max(100)
  .describe("Where the provider sends the browser back to: `http://127.0.0.1:PORT/callback` or the same at `[::1]`");
const cameBack = z
  .string()
  .max(8192)
  .describe("The query of the address that the browser came back to: `?code=...&state=...`");

export const beginSso = defineRoute({
  method: "POST",
  path: "/auth/sso",
  event: "none",
  summary: "Begin a login by single sign-on, for a browser that the client opens",
  action: "public",
  body: z.strictObject({ redirect }),
  response: beginning,
});

export const finishSso = defineRoute({
  method: "POST",
  path: "/auth/sso/finish",
  event: "none",
  summary: "End a login by single sign-on, with what the browser came back with; once, whether it succeeds or not",
  action: "public",
  headers: agentHeader,
  body: z.strictObject({ login: loginSecret, query: cameBack }),
  response: loginStep,
});

export const beginDevice = defineRoute({
  method: "POST",
  path: "/auth/device",
  event: "none",
  summary: "Begin a login by single sign-on, for a browser anywhere, by a code that is typed there",
  action: "public",
  response: z.object({
    login: begun,
    userCode: z.string().describe("What the provider's page asks for"),
    verificationUri: z.string().describe("The provider's page"),
    verificationUriComplete: z
      .string()
      .nullable()
      .describe("The same with the code in it, where the provider has that"),
    wait: z.int().describe("Seconds until the first question"),
    expiresAt: isoTime,
  }),
});

export const askDevice = defineRoute({
  method: "POST",
  path: "/auth/device/ask",
  event: "none",
  summary: "Ask whether the code was confirmed; not more often than the answer before says",
  action: "public",
  headers: agentHeader,
  body: z.strictObject({ login: loginSecret }),
  response: z.object({
    wait: z.int().nullable().describe("Not yet: seconds until the next question"),
    step: loginStep.nullable().describe("null: not yet"),
  }),
});

export const beginLink = defineRoute({
  method: "POST",
  path: "/account/identities/begin",
  event: "none",
  summary:
    "Begin to say who one is at the provider of single sign-on, by logging in there; asks for one's own password",
  action: "account.write",
  body: z.strictObject({ redirect, password: typedPassword }),
  response: beginning,
});

const userParams = z.strictObject({
  user: z
    .string()
    .refine(isUserName, "A user name has 1 to 64 lowercase letters, digits, dots, hyphens or underscores."),
});
const linked = z.object({
  issuer: z.string(),
  subject: z.string().describe("Who it is at the provider"),
  at: isoTime.describe("Since when"),
});
const identities = z.object({ user: z.string(), identities: z.array(linked) });
const subject = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, "A subject is what the provider calls somebody: up to 255 printable characters.");

export const finishLink = defineRoute({
  method: "POST",
  path: "/account/identities/finish",
  summary: "End that, with what the browser came back with; from then on one may log in by single sign-on",
  action: "account.write",
  body: z.strictObject({ login: loginSecret, query: cameBack }),
  response: identities,
});

export const listIdentities = defineRoute({
  method: "GET",
  path: "/users/:user/identities",
  summary: "Who a user is at the provider of single sign-on",
  action: "user.list",
  params: userParams,
  response: identities,
});

export const linkIdentity = defineRoute({
  method: "POST",
  path: "/users/:user/identities",
  summary: "Say that a subject of the server's provider is this user",
  action: "user.manage",
  params: userParams,
  body: z.strictObject({ subject }),
  response: identities,
});

export const unlinkIdentity = defineRoute({
  method: "DELETE",
  path: "/users/:user/identities",
  summary: "Say that it is not any more; ends the user's sessions",
  action: "user.manage",
  params: userParams,
  query: z.strictObject({ subject }),
  response: identities,
});
