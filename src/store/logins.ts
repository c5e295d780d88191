/**
 * Logins that are half finished: a password was right and something is still missing. Their secret (`hop3l_` and 32 random
 * bytes) opens nothing but the next step of its own login; `authenticate` does not know it.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { query, timestamp, transaction, type Db } from "./db.ts";
import type { Row } from "./tables.ts";

export type Login = {
  readonly id: string;
  /** Null while nobody knows yet who it will be. */
  readonly user: string | null;
  /** What is missing. */
  readonly stage: string;
  readonly data: string | null;
  readonly address: string | null;
  readonly expiresAt: string;
};

export type NewLogin = {
  readonly user?: string;
  readonly stage: string;
  readonly data?: string;
  readonly address: string | null;
  readonly seconds: number;
};

const secretForm = /^hop3l_[A-Za-z0-9_-]{43}$/;

/** Most of one user; the oldest goes for a new one. */
const perUser = 20;

/** `secret` is told once and stored nowhere. Those that have expired are forgotten. */
export async function createLogin(
  db: Db,
  input: NewLogin,
): Promise<{ readonly login: Login; readonly secret: string }> {
  const secret = `hop3l_${randomBytes(32).toString("base64url")}`;
  const hash = hashOf(secret);
  return transaction(db, async (tx) => {
    await query(tx).deleteFrom("logins").where("expires_at", "<=", timestamp(tx)).execute();
    if (input.user !== undefined) await forgetOldest(tx, input.user);
    const row = await query(tx)
      .insertInto("logins")
      .values({
        id: idOf(hash),
        hash,
        user_name: input.user ?? null,
        stage: input.stage,
        data: input.data ?? null,
        address: input.address,
        created_at: timestamp(tx),
        expires_at: new Date(tx.clock.now() + input.seconds * 1000).toISOString(),
        tries: 0,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return { login: toLogin(row), secret };
  });
}

/** Undefined when there is none that waits for this stage, or not any more; also when the clock was set to before it began. */
export async function findLogin(db: Db, secret: string, stage: string): Promise<Login | undefined> {
  if (!secretForm.test(secret)) return undefined;
  const hash = hashOf(secret);
  const row = await query(db).selectFrom("logins").selectAll().where("id", "=", idOf(hash)).executeTakeFirst();
  if (row === undefined || !timingSafeEqual(Buffer.from(row.hash, "hex"), Buffer.from(hash, "hex"))) return undefined;
  const now = db.clock.now();
  const isOpen = Date.parse(row.created_at) <= now && now < Date.parse(row.expires_at);
  return isOpen && row.stage === stage ? toLogin(row) : undefined;
}

/** Counts a try before it is made; false when there were `most` already. Of several at once none is missed. */
export async function countLoginTry(db: Db, id: string, most: number): Promise<boolean> {
  const { numUpdatedRows } = await query(db)
    .updateTable("logins")
    .set((eb) => ({ tries: eb("tries", "+", 1) }))
    .where("id", "=", id)
    .where("tries", "<", most)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/**
 * What it must remember from now on, and when it ends if that changes. False when it is over, or when it remembers something
 * else by now than `login` says: of several at once one goes on.
 */
export async function setLoginData(
  db: Db,
  { id, data }: Pick<Login, "id" | "data">,
  next: string,
  expiresAt?: string,
): Promise<boolean> {
  const { numUpdatedRows } = await query(db)
    .updateTable("logins")
    .set({ data: next, ...(expiresAt === undefined ? {} : { expires_at: expiresAt }) })
    .where("id", "=", id)
    .where("data", data === null ? "is" : "=", data)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Where those come from that are under way in these stages: one for each. */
export async function addressesOfLogins(db: Db, stages: readonly string[]): Promise<(string | null)[]> {
  const rows = await query(db)
    .selectFrom("logins")
    .select("address")
    .where("stage", "in", [...stages])
    .where("expires_at", ">", timestamp(db))
    .execute();
  return rows.map((row) => row.address);
}

/** True for the one that ends it: a login leads to one session. */
export async function endLogin(db: Db, id: string): Promise<boolean> {
  const { numDeletedRows } = await query(db).deleteFrom("logins").where("id", "=", id).executeTakeFirst();
  return numDeletedRows > 0n;
}

/** All of a user, when what they stand on has changed. */
export async function endLoginsOf(db: Db, user: string): Promise<void> {
  await query(db).deleteFrom("logins").where("user_name", "=", user).execute();
}

async function forgetOldest(tx: Db, user: string): Promise<void> {
  const rows = await query(tx)
    .selectFrom("logins")
    .select("id")
    .where("user_name", "=", user)
    .orderBy("created_at", "desc")
    .execute();
  for (const { id } of rows.slice(perUser - 1)) await endLogin(tx, id);
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

function idOf(hash: string): string {
  return hash.slice(0, 16);
}

function toLogin(row: Row<"logins">): Login {
  return {
    id: row.id,
    user: row.user_name,
    stage: row.stage,
    data: row.data,
    address: row.address,
    expiresAt: row.expires_at,
  };
}
