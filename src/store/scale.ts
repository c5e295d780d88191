/** How many instances of each process type the user asked for. A type without a row has what its release says. */
import { AppError } from "#core/errors.ts";
import { instancesMax } from "#core/limits.ts";
import { isProcessType, quote } from "#core/names.ts";
import { appNotFound } from "./apps.ts";
import { query, transaction, type Db } from "./db.ts";
import { meaning } from "./failures.ts";

/** Sets the given types, leaves the others; all or none. Throws INVALID_INPUT, APP_NOT_FOUND. */
export async function setScale(db: Db, app: string, counts: Readonly<Record<string, number>>): Promise<void> {
  for (const [type, count] of Object.entries(counts)) {
    if (!isProcessType(type)) throw new AppError("INVALID_INPUT", `${quote(type)} is not a valid process type.`);
    if (!Number.isInteger(count) || count < 0 || count > instancesMax) {
      throw new AppError("INVALID_INPUT", `The count of ${type} must be a whole number from 0 to ${instancesMax}.`);
    }
  }
  await transaction(db, async (tx) => {
    for (const [type, count] of Object.entries(counts)) {
      const upsert = query(tx)
        .insertInto("scale")
        .values({ app, type, count })
        .onConflict((conflict) => conflict.columns(["app", "type"]).doUpdateSet({ count }))
        .execute();
      await meaning(upsert, { foreign: () => appNotFound(app) });
    }
  });
}

/** Process type to count, by type. */
export async function getScale(db: Db, app: string): Promise<Record<string, number>> {
  const rows = await query(db).selectFrom("scale").selectAll().where("app", "=", app).orderBy("type").execute();
  return Object.fromEntries(rows.map((row) => [row.type, row.count]));
}
