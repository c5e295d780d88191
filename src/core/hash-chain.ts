/**
 * A chain of records in which each hash covers the one before, so that a record changed, removed or put in later shows.
 * Pure: who stores the records and in which order is the caller's business.
 */
import { createHash } from "node:crypto";

/** What stands before the first record. */
export const genesisHash = "0".repeat(64);

/** The hash of a record: SHA-256 in lower-case hex over the previous hash, a line feed, and the record's canonical JSON. */
export function chainHash(previous: string, canonical: string): string {
  return createHash("sha256").update(`${previous}\n${canonical}`, "utf8").digest("hex");
}

/**
 * JSON that is the same text for the same value: keys sorted by code unit, no spaces, undefined members left out.
 * Throws TypeError for what JSON cannot hold (functions, bigint, NaN and infinities), so that nothing is lost silently.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number" && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(",")}]`;
  if (typeof value === "object") {
    const entries = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(",")}}`;
  }
  throw new TypeError(`canonical JSON cannot hold a ${typeof value}`);
}
