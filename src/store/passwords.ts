/**
 * Passwords of users, as hashes. One that somebody else has made is for one login: it is kept as `once EXPIRY HASH`, without
 * the time since when its owner has it.
 */
import { query, timestamp, type Db } from "./db.ts";

export type StoredPassword = {
  readonly hash: string;
  /** For a one-time password; null for one that its owner has chosen. */
  readonly expiresAt: string | null;
};

/** What a login must know of a user. */
export type LoginFacts = {
  readonly name: string;
  readonly kind: "person" | "service";
  readonly org: string;
  readonly disabled: boolean;
  readonly password: StoredPassword | undefined;
  /** Whether a second factor is asked for. */
  readonly totp: boolean;
};

/** Undefined when there is no such user in any organisation. */
export async function loginFacts(db: Db, name: string): Promise<LoginFacts | undefined> {
  const row = await query(db)
    .selectFrom("users")
    .innerJoin("members", "members.user_name", "users.name")
    .select(["users.name", "users.kind", "users.disabled_at", "users.password", "users.totp_at", "members.org"])
    .where("users.name", "=", name)
    .orderBy("members.created_at")
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    name: row.name,
    kind: row.kind,
    org: row.org,
    disabled: row.disabled_at !== null,
    password: row.password === null ? undefined : toPassword(row.password),
    totp: row.totp_at !== null,
  };
}

/** The owner's own. False when there is no such user. */
export async function setPassword(db: Db, user: string, hash: string): Promise<boolean> {
  const { numUpdatedRows } = await query(db)
    .updateTable("users")
    .set({ password: hash, password_at: timestamp(db) })
    .where("name", "=", user)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** For one login, after which its owner chooses another. False when there is no such user. */
export async function setOneTimePassword(db: Db, user: string, hash: string, expiresAt: string): Promise<boolean> {
  const { numUpdatedRows } = await query(db)
    .updateTable("users")
    .set({ password: `once ${expiresAt} ${hash}`, password_at: null })
    .where("name", "=", user)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** The same password hashed anew; nothing when it was changed meanwhile. */
export async function rehashPassword(db: Db, user: string, from: string, to: string): Promise<void> {
  await query(db)
    .updateTable("users")
    .set({ password: to })
    .where("name", "=", user)
    .where("password", "=", from)
    .execute();
}

function toPassword(text: string): StoredPassword {
  const [, expiresAt, hash] = /^once (\S+) (\S+)$/.exec(text) ?? [];
  return expiresAt === undefined || hash === undefined ? { hash: text, expiresAt: null } : { hash, expiresAt };
}
