/** Settings of the whole server, by key. Nothing secret goes here. */
import { query, timestamp, type Db } from "./db.ts";

export async function getSetting(db: Db, key: string): Promise<string | undefined> {
  return (await query(db).selectFrom("settings").select("value").where("key", "=", key).executeTakeFirst())?.value;
}

export async function setSetting(db: Db, key: string, value: string): Promise<void> {
  const updated_at = timestamp(db);
  await query(db)
    .insertInto("settings")
    .values({ key, value, updated_at })
    .onConflict((conflict) => conflict.column("key").doUpdateSet({ value, updated_at }))
    .execute();
}

/** False when it was not set. */
export async function unsetSetting(db: Db, key: string): Promise<boolean> {
  const { numDeletedRows } = await query(db).deleteFrom("settings").where("key", "=", key).executeTakeFirst();
  return numDeletedRows > 0n;
}
