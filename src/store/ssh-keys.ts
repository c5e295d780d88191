/** Public keys of people, by which git lets them in over SSH. A key is one user's. */
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { SshKey } from "#core/ssh-key.ts";
import { query, timestamp, type Db } from "./db.ts";
import { meaning } from "./failures.ts";
import type { Row } from "./tables.ts";

export type StoredKey = {
  readonly fingerprint: string;
  readonly user: string;
  /** What it is for, in its owner's words; one of this name a user. */
  readonly name: string;
  /** Type and blob, as a line of OpenSSH without its comment. */
  readonly key: string;
  readonly createdAt: string;
  /** To the minute. */
  readonly lastUsedAt: string | null;
};

const usedEvery = 60_000;

/** Throws CONFLICT for a key that somebody has, NOT_FOUND without such a user. */
export async function addSshKey(db: Db, user: string, name: string, key: SshKey): Promise<StoredKey> {
  const insert = query(db)
    .insertInto("ssh_keys")
    .values({
      fingerprint: key.fingerprint,
      user_name: user,
      name,
      key: `${key.type} ${key.blob}`,
      created_at: timestamp(db),
      last_used_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  const row = await meaning(insert, {
    unique: () =>
      new AppError("CONFLICT", "This key lets somebody in already.", {
        hint: "`hop3 key list` shows yours. A key that is another user's cannot be yours, too: make a new one.",
      }),
    foreign: () => new AppError("NOT_FOUND", `There is no user ${quote(user)}.`),
  });
  return toKey(row);
}

export async function getSshKey(db: Db, fingerprint: string): Promise<StoredKey | undefined> {
  const row = await query(db)
    .selectFrom("ssh_keys")
    .selectAll()
    .where("fingerprint", "=", fingerprint)
    .executeTakeFirst();
  return row === undefined ? undefined : toKey(row);
}

/** Those of one user, or of all, by when they came. */
export async function listSshKeys(db: Db, user?: string): Promise<StoredKey[]> {
  const all = query(db).selectFrom("ssh_keys").selectAll().orderBy("created_at").orderBy("fingerprint");
  return (await (user === undefined ? all : all.where("user_name", "=", user)).execute()).map(toKey);
}

/** False when the user has none of this fingerprint. */
export async function removeSshKey(db: Db, user: string, fingerprint: string): Promise<boolean> {
  const { numDeletedRows } = await query(db)
    .deleteFrom("ssh_keys")
    .where("user_name", "=", user)
    .where("fingerprint", "=", fingerprint)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Notes that it was used; at most once a minute. */
export async function touchSshKey(db: Db, { fingerprint, lastUsedAt }: StoredKey): Promise<void> {
  if (lastUsedAt !== null && db.clock.now() - Date.parse(lastUsedAt) < usedEvery) return;
  await query(db)
    .updateTable("ssh_keys")
    .set({ last_used_at: timestamp(db) })
    .where("fingerprint", "=", fingerprint)
    .execute();
}

function toKey(row: Row<"ssh_keys">): StoredKey {
  return {
    fingerprint: row.fingerprint,
    user: row.user_name,
    name: row.name,
    key: row.key,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
  };
}
