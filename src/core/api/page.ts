/**
 * Lists that can grow are answered in pages. A cursor says after which item the next page begins, by what the list is
 * ordered by, so that items which come and go meanwhile neither repeat nor hide others.
 */
import { z } from "zod";
import { AppError } from "../errors.ts";
import { wholeNumber } from "./shared.ts";

/** Items of a page, unless the client says how many, and at most. */
export const pageStandard = 100;
export const pageMax = 500;

/** Fields of the query of a list: `query: z.strictObject({...pageQuery})`. */
export const pageQuery = {
  limit: wholeNumber
    .refine((count) => count >= 1 && count <= pageMax, `must be from 1 to ${pageMax}`)
    .default(pageStandard)
    .describe(`Most items of the answer, 1 to ${pageMax}`),
  cursor: z
    .string()
    .max(1000)
    .regex(/^[A-Za-z0-9_-]+$/, "is not a cursor that a list has answered with")
    .optional()
    .describe("What the page before answered as `next`"),
};

/** Field of the answer of a list. */
export const nextPage = z
  .string()
  .nullable()
  .describe("Send it as `cursor` to have the items that follow; null when there are none");

export type PageQuery = { readonly limit: number; readonly cursor?: string | undefined };
export type Page<Item> = { readonly items: Item[]; readonly next: string | null };

/** What a list is ordered by: a name, upwards, or a number, downwards. No two items have the same. */
type Key = string | number;

/**
 * A page of a list that is in hand as a whole, in any order: names come upwards by code unit, numbers downwards. Throws
 * INVALID_INPUT for a cursor of another list.
 */
export function pageOf<Item>(all: readonly Item[], query: PageQuery, keyOf: (item: Item) => Key): Page<Item> {
  const ordered = all.map((item) => ({ item, key: keyOf(item) })).toSorted((a, b) => order(a.key, b.key));
  const after = ordered[0] === undefined ? undefined : readCursor(query.cursor, typeof ordered[0].key);
  const rest = after === undefined ? ordered : ordered.filter(({ key }) => order(key, after) > 0);
  return firstOf(
    rest.slice(0, query.limit + 1),
    query.limit,
    ({ key }) => key,
    ({ item }) => item,
  );
}

/** A page out of rows that were read from after the cursor: at most one more than `limit`, which says that more follow. */
export function pageOfRows<Row>(rows: readonly Row[], { limit }: PageQuery, keyOf: (row: Row) => Key): Page<Row> {
  return firstOf(rows, limit, keyOf, (row) => row);
}

/** After which key a page begins; undefined for the first. Throws INVALID_INPUT for a cursor of another list. */
export function readCursor(cursor: string | undefined, kind: "string"): string | undefined;
export function readCursor(cursor: string | undefined, kind: "number"): number | undefined;
export function readCursor(cursor: string | undefined, kind: string): Key | undefined;
export function readCursor(cursor: string | undefined, kind: string): Key | undefined {
  if (cursor === undefined) return undefined;
  const text = Buffer.from(cursor, "base64url").toString("utf8");
  const key: Key = kind === "number" ? Number(text.slice(1)) : text.slice(1);
  if (text !== `${mark(key)}${key}` || typeof key !== kind || (typeof key === "number" && !Number.isSafeInteger(key)))
    throw new AppError("INVALID_INPUT", "The query's cursor is none that this list has answered with.", {
      hint: "Leave it out to begin at the first page.",
    });
  return key;
}

function firstOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => Key,
  itemOf: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length <= limit || last === undefined ? null : writeCursor(keyOf(last));
  return { items: shown.map(itemOf), next };
}

function writeCursor(key: Key): string {
  return Buffer.from(`${mark(key)}${key}`).toString("base64url");
}

function mark(key: Key): string {
  return typeof key === "number" ? "n" : "s";
}

function order(a: Key, b: Key): number {
  if (typeof a === "number" && typeof b === "number") return b - a;
  return a < b ? -1 : a > b ? 1 : 0;
}
