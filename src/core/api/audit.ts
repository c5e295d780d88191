/** The audit log as a chain of hashes: whether it is whole, and its rows as they are stored, to be kept elsewhere. */
import { z } from "zod";
import { defineRoute } from "./route.ts";
import { wholeNumber } from "./shared.ts";

/** Most rows of an answer. */
export const auditRowsMax = 1000;

const hash = z.string().regex(/^[0-9a-f]{64}$/, "is not a SHA-256 in lower-case hex");
const head = z.object({
  seq: z.int().describe("How many events there are"),
  hash: hash.describe("The hash of the last"),
});

export const verifyAudit = defineRoute({
  method: "GET",
  path: "/audit/verify",
  summary: "Walk the whole audit log and say whether each row fits the ones before it",
  action: "audit.export",
  query: z.strictObject({
    head: hash.optional().describe("A hash of the log that was noted before: the log must still go through it"),
  }),
  response: z.object({
    ok: z.boolean(),
    head: head.nullable().describe("Null when it is missing"),
    seq: z.int().describe("Events walked; when it is not whole, the first that does not fit"),
    why: z.string().nullable().describe("What is wrong"),
  }),
});

const row = z.object({
  seq: z.int(),
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  app: z.string().nullable(),
  target: z.string().nullable(),
  outcome: z.string(),
  details: z.string().describe("JSON, as text: what the hash covers"),
  hash,
});

export const exportAudit = defineRoute({
  method: "GET",
  path: "/audit/export",
  summary:
    "Rows of the whole server's audit log as they are stored. A row's hash is the SHA-256 of the hash before it (64 zeros before the first), a line feed, and the row's JSON without the hash, keys sorted, no spaces",
  action: "audit.export",
  query: z.strictObject({
    after: wholeNumber.default(0).describe("Only rows with a higher number"),
    limit: wholeNumber
      .refine((count) => count >= 1 && count <= auditRowsMax, `must be from 1 to ${auditRowsMax}`)
      .default(auditRowsMax)
      .describe(`At most so many, 1 to ${auditRowsMax}`),
  }),
  response: z.object({ head, events: z.array(row) }),
});
