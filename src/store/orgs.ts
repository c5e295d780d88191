/** Organisations: each has its own members, groups and apps, and sees nothing of another's. */
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { query, timestamp, type Db } from "./db.ts";
import { meaning } from "./failures.ts";

/** The one that every server has; its admins also run the server. */
export const firstOrg = "default";

const orgName = /^[a-z][a-z0-9-]{0,63}$/;

/** Throws INVALID_INPUT; CONFLICT when the name is taken. */
export async function createOrg(db: Db, name: string): Promise<void> {
  if (!orgName.test(name)) throw new AppError("INVALID_INPUT", `${quote(name)} is not a valid organisation name.`);
  const insert = query(db)
    .insertInto("orgs")
    .values({ name, created_at: timestamp(db) })
    .execute();
  await meaning(insert, {
    unique: () => new AppError("CONFLICT", `There is already an organisation ${quote(name)}.`),
  });
}
