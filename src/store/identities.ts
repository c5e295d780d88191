/** Who somebody of this server is at an OpenID Connect provider: a subject of an issuer is one user at most. */
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { query, timestamp, type Db } from "./db.ts";
import { meaning } from "./failures.ts";

export type Linked = { readonly issuer: string; readonly subject: string; readonly user: string; readonly at: string };

/** The user's name; undefined when nobody is. */
export async function userOfIdentity(db: Db, issuer: string, subject: string): Promise<string | undefined> {
  const row = await query(db)
    .selectFrom("identities")
    .select("user_name")
    .where("issuer", "=", issuer)
    .where("subject", "=", subject)
    .executeTakeFirst();
  return row?.user_name;
}

/** Throws CONFLICT when the subject is somebody's already, NOT_FOUND without such a user. */
export async function linkIdentity(
  db: Db,
  { issuer, subject, user }: { readonly issuer: string; readonly subject: string; readonly user: string },
): Promise<void> {
  const insert = query(db)
    .insertInto("identities")
    .values({ issuer, subject, user_name: user, created_at: timestamp(db) })
    .execute();
  await meaning(insert, {
    unique: () => new AppError("CONFLICT", `The subject ${quote(subject)} is somebody's already.`),
    foreign: () => new AppError("NOT_FOUND", `There is no user ${quote(user)}.`),
  });
}

/** False when it was not this user's. */
export async function unlinkIdentity(db: Db, issuer: string, subject: string, user: string): Promise<boolean> {
  const { numDeletedRows } = await query(db)
    .deleteFrom("identities")
    .where("issuer", "=", issuer)
    .where("subject", "=", subject)
    .where("user_name", "=", user)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Of one user, the oldest first. */
export async function identitiesOf(db: Db, user: string): Promise<Linked[]> {
  const rows = await query(db)
    .selectFrom("identities")
    .selectAll()
    .where("user_name", "=", user)
    .orderBy("created_at")
    .orderBy("issuer")
    .orderBy("subject")
    .execute();
  return rows.map((row) => ({ issuer: row.issuer, subject: row.subject, user: row.user_name, at: row.created_at }));
}

/** Also of one who is in no organisation. */
export async function isNameTaken(db: Db, name: string): Promise<boolean> {
  const row = await query(db).selectFrom("users").select("name").where("name", "=", name).executeTakeFirst();
  return row !== undefined;
}
