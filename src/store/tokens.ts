/**
 * Credentials that are shown as bearer secrets: tokens, which somebody makes, and sessions, which a login makes. `hop3_` and
 * 32 random bytes in base64url. Only the SHA-256 is stored: the secret is random enough that nobody can go back from it.
 * The first 16 characters of the hash are the credential's id, by which it is found and named.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { type Action, actions } from "#core/actions.ts";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { Role } from "#core/roles.ts";
import { query, timestamp, type Db } from "./db.ts";
import { meaning } from "./failures.ts";
import { firstOrg } from "./orgs.ts";
import type { Row } from "./tables.ts";

/** What narrows a credential; null where it does not. */
export type TokenLimits = {
  readonly actions: readonly Action[] | null;
  readonly apps: readonly string[] | null;
  /** Addresses or networks (`192.0.2.0/24`) that it may be used from. */
  readonly addresses: readonly string[] | null;
};

export type Token = TokenLimits & {
  readonly id: string;
  readonly kind: "token" | "session";
  readonly user: string;
  readonly org: string;
  /** What it is for, in its owner's words. */
  readonly name: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  /** It also ends when it was not used for so many seconds. */
  readonly idleSeconds: number | null;
  /** To the minute. */
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
  /** Where the login came from, and by which program, as far as it said. */
  readonly address: string | null;
  readonly agent: string | null;
};

export type NewToken = { readonly user: string; readonly name: string } & Partial<
  Omit<Token, "id" | "createdAt" | "lastUsedAt" | "revokedAt">
>;

/** A credential that is good now, with what its user is in its organisation. */
export type LiveToken = { readonly token: Token; readonly role: Role; readonly userKind: "person" | "service" };

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
      kind: input.kind ?? "token",
      org: input.org ?? firstOrg,
      actions: listText(input.actions),
      apps: listText(input.apps),
      addresses: listText(input.addresses),
      address: input.address ?? null,
      agent: input.agent ?? null,
      idle_seconds: input.idleSeconds ?? null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  const row = await meaning(insert, {
    foreign: () => new AppError("NOT_FOUND", `There is no user ${quote(input.user)}.`),
  });
  return { token: toToken(row), secret };
}

/**
 * Whose secret it is; undefined when it is nobody's, expired or revoked, or its user is disabled or left the organisation.
 * Only the id leads the search of the index; the rest of the hash is compared in constant time.
 */
export async function findToken(db: Db, secret: string): Promise<LiveToken | undefined> {
  if (!secretForm.test(secret)) return undefined;
  const hash = hashOf(secret);
  const row = await joined(db, idOf(hash));
  if (row === undefined || !timingSafeEqual(Buffer.from(row.hash, "hex"), Buffer.from(hash, "hex"))) return undefined;
  return live(db, row);
}

/** The same by id, for whoever was let in by it and is still there. */
export async function findTokenById(db: Db, id: string): Promise<LiveToken | undefined> {
  const row = await joined(db, id);
  return row === undefined ? undefined : live(db, row);
}

type JoinedRow = NonNullable<Awaited<ReturnType<typeof joined>>>;

function joined(db: Db, id: string) {
  return query(db)
    .selectFrom("tokens")
    .innerJoin("users", "users.name", "tokens.user_name")
    .innerJoin("members", (join) =>
      join.onRef("members.user_name", "=", "users.name").onRef("members.org", "=", "tokens.org"),
    )
    .selectAll("tokens")
    .select(["members.role", "users.kind as user_kind", "users.disabled_at"])
    .where("tokens.id", "=", id)
    .executeTakeFirst();
}

function live(db: Db, row: JoinedRow): LiveToken | undefined {
  if (row.revoked_at !== null || row.disabled_at !== null) return undefined;
  const now = db.clock.now();
  if (row.expires_at !== null && Date.parse(row.expires_at) <= now) return undefined;
  if (row.idle_seconds !== null) {
    const used = Date.parse(row.last_used_at ?? row.created_at);
    if (now - used >= row.idle_seconds * 1000) return undefined;
  }
  return { token: toToken(row), role: row.role, userKind: row.user_kind };
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

/** Those of a user that are not revoked yet, but for one; how many. */
export async function revokeTokens(
  db: Db,
  { user, kind, except }: { readonly user: string; readonly kind: Token["kind"]; readonly except?: string },
): Promise<number> {
  const all = query(db)
    .updateTable("tokens")
    .set({ revoked_at: timestamp(db) })
    .where("user_name", "=", user)
    .where("kind", "=", kind)
    .where("revoked_at", "is", null);
  const { numUpdatedRows } = await (except === undefined ? all : all.where("id", "!=", except)).executeTakeFirst();
  return Number(numUpdatedRows);
}

/** Removes those of a user that had ended before this time. */
export async function forgetEnded(db: Db, user: string, kind: Token["kind"], before: string): Promise<void> {
  await query(db)
    .deleteFrom("tokens")
    .where("user_name", "=", user)
    .where("kind", "=", kind)
    .where((eb) => eb.or([eb("revoked_at", "<", before), eb("expires_at", "<", before)]))
    .execute();
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

function idOf(hash: string): string {
  return hash.slice(0, 16);
}

function listText(list: readonly string[] | null | undefined): string | null {
  return list === null || list === undefined ? null : JSON.stringify(list);
}

function listOf(text: string | null): readonly string[] | null {
  return text === null ? null : (JSON.parse(text) as string[]);
}

/** An action that this Hop3 does not know any more gives nothing. */
function actionsOf(text: string | null): readonly Action[] | null {
  const list = listOf(text);
  return list === null ? null : actions.filter((action) => list.includes(action));
}

function toToken(row: Row<"tokens">): Token {
  return {
    id: row.id,
    kind: row.kind,
    user: row.user_name,
    org: row.org,
    name: row.name,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    idleSeconds: row.idle_seconds,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
    actions: actionsOf(row.actions),
    apps: listOf(row.apps),
    addresses: listOf(row.addresses),
    address: row.address,
    agent: row.agent,
  };
}
