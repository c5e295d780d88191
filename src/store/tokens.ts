/**
 * Bearer tokens: `hop3_` and 32 random bytes in base64url. Only the SHA-256 is stored: the token is random enough that
 * nobody can go back from it. The first 16 characters of the hash are the token's id, by which it is found and named.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { query, timestamp, type Db } from "./db.ts";
import { meaning } from "./failures.ts";
import type { Row } from "./tables.ts";
import type { UserRole } from "./users.ts";

export type Token = {
  readonly id: string;
  readonly user: string;
  /** What it is for, in its owner's words. */
  readonly name: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  /** To the minute. */
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
};

export type NewToken = { readonly user: string; readonly name: string; readonly expiresAt?: string };

const secretForm = /^hop3_[A-Za-z0-9_-]{43}$/;
const usedEvery = 60_000;

/** `secret` is shown once and stored nowhere. Throws NOT_FOUND when there is no such user. */
export async function createToken(
  db: Db,
  input: NewToken,
): Promise<{ readonly token: Token; readonly secret: string }> {
  const secret = `hop3_${randomBytes(32).toString("base64url")}`;
  const hash = hashOf(secret);
  const insert = query(db)
    .insertInto("tokens")
    .values({
      id: idOf(hash),
      hash,
      user_name: input.user,
      name: input.name,
      created_at: timestamp(db),
      expires_at: input.expiresAt ?? null,
      last_used_at: null,
      revoked_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  const row = await meaning(insert, {
    foreign: () => new AppError("NOT_FOUND", `There is no user ${quote(input.user)}.`),
  });
  return { token: toToken(row), secret };
}

/**
 * Whose secret it is; undefined when it is nobody's, expired or revoked. Only the id leads the search of the index;
 * the rest of the hash is compared in constant time.
 */
export async function findToken(
  db: Db,
  secret: string,
): Promise<{ readonly token: Token; readonly role: UserRole } | undefined> {
  if (!secretForm.test(secret)) return undefined;
  const hash = hashOf(secret);
  const row = await query(db)
    .selectFrom("tokens")
    .innerJoin("users", "users.name", "tokens.user_name")
    .selectAll("tokens")
    .select("users.role")
    .where("tokens.id", "=", idOf(hash))
    .executeTakeFirst();
  if (row === undefined || !timingSafeEqual(Buffer.from(row.hash, "hex"), Buffer.from(hash, "hex"))) return undefined;
  if (row.revoked_at !== null) return undefined;
  if (row.expires_at !== null && Date.parse(row.expires_at) <= db.clock.now()) return undefined;
  return { token: toToken(row), role: row.role };
}

/** Remembers that the token was used; writes at most once a minute. */
export async function touchToken(db: Db, token: Token): Promise<void> {
  // Of a clock that was set back the last use is in the future: it is no longer true then.
  const ago = token.lastUsedAt === null ? Infinity : db.clock.now() - Date.parse(token.lastUsedAt);
  if (ago > -usedEvery && ago < usedEvery) return;
  await query(db)
    .updateTable("tokens")
    .set({ last_used_at: timestamp(db) })
    .where("id", "=", token.id)
    .execute();
}

/** Those of one user or of all, the newest first, expired and revoked ones too. */
export async function listTokens(db: Db, user?: string): Promise<Token[]> {
  const all = query(db).selectFrom("tokens").selectAll().orderBy("created_at", "desc").orderBy("id");
  const rows = await (user === undefined ? all : all.where("user_name", "=", user)).execute();
  return rows.map(toToken);
}

/** False when there is none with this id or it is revoked already. */
export async function revokeToken(db: Db, id: string): Promise<boolean> {
  const { numUpdatedRows } = await query(db)
    .updateTable("tokens")
    .set({ revoked_at: timestamp(db) })
    .where("id", "=", id)
    .where("revoked_at", "is", null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

function idOf(hash: string): string {
  return hash.slice(0, 16);
}

function toToken(row: Row<"tokens">): Token {
  return {
    id: row.id,
    user: row.user_name,
    name: row.name,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  };
}
