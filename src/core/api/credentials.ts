/** Shapes of tokens and sessions, which several routes share. */
import { z } from "zod";
import { actions } from "../actions.ts";
import { addressRangesMax, tokenDaysMax, tokenDaysStandard } from "../credential-limits.ts";
import { isUserName } from "../names.ts";
import { appName, isoTime } from "./shared.ts";

export const userName = z
  .string()
  .refine(isUserName, "is not a valid user name")
  .describe("1 to 64 lowercase letters, digits, dots, hyphens, underscores; starts with a letter");

export const credentialId = z
  .string()
  .regex(/^[0-9a-f]{16}$/, "is not the id of a credential")
  .describe("Id of a token or session");

const label = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._@:/+-]{0,99}$/u, "must be 1 to 100 letters, digits or ._@:/+-")
  .describe("What it is for");

const ended = z.enum(["revoked", "expired"]).nullable().describe("null: it is good");

export const tokenView = z.object({
  id: credentialId,
  name: z.string(),
  createdAt: isoTime,
  expiresAt: isoTime.nullable().describe("null: never"),
  lastUsedAt: isoTime.nullable().describe("To the minute"),
  ended,
  current: z.boolean().describe("Whether this request carries it"),
  actions: z.array(z.enum(actions)).nullable().describe("All that it may be used for; null: all that its user may"),
  apps: z.array(z.string()).nullable().describe("The apps that it is for; null: all"),
  addresses: z.array(z.string()).nullable().describe("Where it may be used from; null: anywhere"),
});
export type TokenView = z.infer<typeof tokenView>;

export const sessionView = z.object({
  id: credentialId,
  createdAt: isoTime,
  expiresAt: isoTime,
  idleSeconds: z.int().describe("It ends without use for so long"),
  lastUsedAt: isoTime.nullable().describe("To the minute"),
  ended,
  current: z.boolean().describe("Whether this request carries it"),
  address: z.string().nullable().describe("Where the login came from"),
  agent: z.string().nullable().describe("The program, as it calls itself"),
});
export type SessionView = z.infer<typeof sessionView>;

export const tokenWish = z.strictObject({
  name: label,
  days: z
    .int()
    .min(1)
    .max(tokenDaysMax)
    .optional()
    .describe(`Days until it expires; ${tokenDaysStandard}, or the end of the token that makes it, unless given`),
  actions: z.array(z.enum(actions)).min(1).max(actions.length).optional().describe("All that it may be used for"),
  apps: z.array(appName).min(1).max(100).optional().describe("The apps that it is for"),
  addresses: z
    .array(z.string().max(60))
    .min(1)
    .max(addressRangesMax)
    .optional()
    .describe("Addresses and networks that it may be used from: `192.0.2.7`, `10.0.0.0/8`"),
});

export const newToken = z.object({
  token: tokenView,
  secret: z.string().describe("The bearer secret; told once and stored nowhere"),
});
