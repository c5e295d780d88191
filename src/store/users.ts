/** The people and machines that this server knows by name. */
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { query, timestamp, type Db } from "./db.ts";
import { meaning } from "./failures.ts";
import type { Row } from "./tables.ts";

export type UserRole = "admin" | "developer" | "viewer";

export type User = { readonly name: string; readonly role: UserRole; readonly createdAt: string };

const userName = /^[a-z][a-z0-9._-]{0,63}$/;

/** Throws INVALID_INPUT; CONFLICT when the name is taken. */
export async function createUser(db: Db, name: string, role: UserRole): Promise<User> {
  if (!userName.test(name)) throw new AppError("INVALID_INPUT", `${quote(name)} is not a valid user name.`);
  const insert = query(db)
    .insertInto("users")
    .values({ name, role, created_at: timestamp(db) })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toUser(
    await meaning(insert, { unique: () => new AppError("CONFLICT", `There is already a user ${quote(name)}.`) }),
  );
}

export async function getUser(db: Db, name: string): Promise<User | undefined> {
  const row = await query(db).selectFrom("users").selectAll().where("name", "=", name).executeTakeFirst();
  return row === undefined ? undefined : toUser(row);
}

/** By name. */
export async function listUsers(db: Db): Promise<User[]> {
  return (await query(db).selectFrom("users").selectAll().orderBy("name").execute()).map(toUser);
}

/** With the user's tokens. False when there was none. */
export async function deleteUser(db: Db, name: string): Promise<boolean> {
  const { numDeletedRows } = await query(db).deleteFrom("users").where("name", "=", name).executeTakeFirst();
  return numDeletedRows > 0n;
}

function toUser(row: Row<"users">): User {
  return { name: row.name, role: row.role, createdAt: row.created_at };
}
