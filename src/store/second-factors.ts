/** The second factor of users: an authenticator's secret, sealed, with the last step that was used, and recovery codes. */
import { query, timestamp, transaction, type Db } from "./db.ts";

export type Totp = {
  /** Sealed. */
  readonly secret: string;
  /** Null until a first code has proved that the authenticator has the secret. */
  readonly since: string | null;
  readonly lastStep: number | null;
};

export async function readTotp(db: Db, user: string): Promise<Totp | undefined> {
  const row = await query(db)
    .selectFrom("users")
    .select(["totp", "totp_at", "totp_step"])
    .where("name", "=", user)
    .executeTakeFirst();
  if (row === undefined || row.totp === null) return undefined;
  return { secret: row.totp, since: row.totp_at, lastStep: row.totp_step };
}

/** In place of one that was not confirmed. False when one is in force, or there is no such user. */
export async function proposeTotp(db: Db, user: string, secret: string): Promise<boolean> {
  const { numUpdatedRows } = await query(db)
    .updateTable("users")
    .set({ totp: secret, totp_step: null })
    .where("name", "=", user)
    .where("totp_at", "is", null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** From now on it is asked for. `secret`: what was looked at. False when that is not what is proposed any more. */
export async function confirmTotp(
  db: Db,
  { user, secret, step, codes }: { user: string; secret: string; step: number; codes: readonly string[] },
): Promise<boolean> {
  return transaction(db, async (tx) => {
    const { numUpdatedRows } = await query(tx)
      .updateTable("users")
      .set({ totp_at: timestamp(tx), totp_step: step })
      .where("name", "=", user)
      .where("totp", "=", secret)
      .where("totp_at", "is", null)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    await replaceRecoveryCodes(tx, user, codes);
    return true;
  });
}

/** True for the first that uses this step; one before it was used up with it. */
export async function useTotpStep(db: Db, user: string, step: number): Promise<boolean> {
  const { numUpdatedRows } = await query(db)
    .updateTable("users")
    .set({ totp_step: step })
    .where("name", "=", user)
    .where("totp_at", "is not", null)
    .where((eb) => eb.or([eb("totp_step", "is", null), eb("totp_step", "<", step)]))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** With its recovery codes. False when there was none. */
export async function removeTotp(db: Db, user: string): Promise<boolean> {
  return transaction(db, async (tx) => {
    await query(tx).deleteFrom("recovery_codes").where("user_name", "=", user).execute();
    const { numUpdatedRows } = await query(tx)
      .updateTable("users")
      .set({ totp: null, totp_at: null, totp_step: null })
      .where("name", "=", user)
      .where("totp", "is not", null)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  });
}

/** `hashes` are then all that there are. */
export async function replaceRecoveryCodes(db: Db, user: string, hashes: readonly string[]): Promise<void> {
  await transaction(db, async (tx) => {
    await query(tx).deleteFrom("recovery_codes").where("user_name", "=", user).execute();
    await query(tx)
      .insertInto("recovery_codes")
      .values(hashes.map((hash) => ({ user_name: user, hash, used_at: null })))
      .execute();
  });
}

/** True for the one that uses it first. */
export async function useRecoveryCode(db: Db, user: string, hash: string): Promise<boolean> {
  const { numUpdatedRows } = await query(db)
    .updateTable("recovery_codes")
    .set({ used_at: timestamp(db) })
    .where("user_name", "=", user)
    .where("hash", "=", hash)
    .where("used_at", "is", null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}
