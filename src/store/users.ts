/** The people and machines that this server knows by name, each with a role in an organisation. */
import { AppError } from "#core/errors.ts";
import { isUserName, quote } from "#core/names.ts";
import type { Role } from "#core/roles.ts";
import { query, timestamp, transaction, type Db } from "./db.ts";
import { meaning } from "./failures.ts";
import { firstOrg } from "./orgs.ts";
import type { Row } from "./tables.ts";

export type UserKind = "person" | "service";

export type User = {
  readonly name: string;
  readonly kind: UserKind;
  readonly org: string;
  readonly role: Role;
  readonly email: string | null;
  /** Since when it may do nothing; null for one that may. */
  readonly disabledAt: string | null;
  /** Whether it has a password, and a second factor that was confirmed. */
  readonly password: boolean;
  readonly totp: boolean;
  readonly createdAt: string;
};

export type NewUser = { readonly kind?: UserKind; readonly org?: string; readonly email?: string };

/** Throws INVALID_INPUT; CONFLICT when the name is taken; NOT_FOUND without such an organisation. */
export async function createUser(db: Db, name: string, role: Role, extra: NewUser = {}): Promise<User> {
  if (!isUserName(name)) {
    throw new AppError("INVALID_INPUT", `${quote(name)} is not a valid user name.`, {
      hint: "Use 1 to 64 lowercase letters, digits, dots, hyphens or underscores; begin with a letter.",
    });
  }
  const { kind = "person", org = firstOrg, email = null } = extra;
  const at = timestamp(db);
  const nothing = { disabled_at: null, password: null, password_at: null, totp: null, totp_at: null, totp_step: null };
  await transaction(db, async (tx) => {
    const insert = query(tx)
      .insertInto("users")
      .values({ name, created_at: at, kind, email, ...nothing })
      .execute();
    await meaning(insert, { unique: () => new AppError("CONFLICT", `There is already a user ${quote(name)}.`) });
    const join = query(tx).insertInto("members").values({ org, user_name: name, role, created_at: at }).execute();
    await meaning(join, { foreign: () => new AppError("NOT_FOUND", `There is no organisation ${quote(org)}.`) });
  });
  return { name, kind, org, role, email, disabledAt: null, password: false, totp: false, createdAt: at };
}

export async function getUser(db: Db, name: string): Promise<User | undefined> {
  const row = await joined(db).where("users.name", "=", name).executeTakeFirst();
  return row === undefined ? undefined : toUser(row);
}

/** By name; those of one organisation, or of all. */
export async function listUsers(db: Db, org?: string): Promise<User[]> {
  const all = joined(db).orderBy("users.name");
  return (await (org === undefined ? all : all.where("members.org", "=", org)).execute()).map(toUser);
}

/** As a member of this organisation; undefined for who is none. */
export async function getMember(db: Db, org: string, name: string): Promise<User | undefined> {
  const row = await joined(db).where("users.name", "=", name).where("members.org", "=", org).executeTakeFirst();
  return row === undefined ? undefined : toUser(row);
}

/** False for who is no member. */
export async function setRole(db: Db, org: string, name: string, role: Role): Promise<boolean> {
  const { numUpdatedRows } = await query(db)
    .updateTable("members")
    .set({ role })
    .where("org", "=", org)
    .where("user_name", "=", name)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Since now, or not any more. False when there is no such user. */
export async function setDisabled(db: Db, name: string, disabled: boolean): Promise<boolean> {
  const { numUpdatedRows } = await query(db)
    .updateTable("users")
    .set({ disabled_at: disabled ? timestamp(db) : null })
    .where("name", "=", name)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** The people who are admins by their own role and may log in. Locks the organisation, so that of two who leave one is last. */
export async function lockAdmins(tx: Db, org: string): Promise<string[]> {
  await query(tx)
    .updateTable("orgs")
    .set((eb) => ({ created_at: eb.ref("created_at") }))
    .where("name", "=", org)
    .execute();
  const rows = await joined(tx)
    .where("members.org", "=", org)
    .where("members.role", "=", "admin")
    .where("users.kind", "=", "person")
    .where("users.disabled_at", "is", null)
    .execute();
  return rows.map(({ name }) => name);
}

/** With the user's credentials, keys and grants. False when there was none. */
export async function deleteUser(db: Db, name: string): Promise<boolean> {
  return transaction(db, async (tx) => {
    await query(tx).deleteFrom("grants").where("subject_kind", "=", "user").where("subject", "=", name).execute();
    const { numDeletedRows } = await query(tx).deleteFrom("users").where("name", "=", name).executeTakeFirst();
    return numDeletedRows > 0n;
  });
}

function joined(db: Db) {
  return query(db)
    .selectFrom("users")
    .innerJoin("members", "members.user_name", "users.name")
    .selectAll("users")
    .select(["members.org", "members.role"]);
}

function toUser(row: Row<"users"> & Pick<Row<"members">, "org" | "role">): User {
  return {
    name: row.name,
    kind: row.kind,
    org: row.org,
    role: row.role,
    email: row.email,
    disabledAt: row.disabled_at,
    password: row.password !== null,
    totp: row.totp_at !== null,
    createdAt: row.created_at,
  };
}
