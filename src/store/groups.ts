/** Groups of people in an organisation. A group may have a role, and be filled by a claim of an identity provider. */
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { Role } from "#core/roles.ts";
import { query, timestamp, transaction, type Db } from "./db.ts";
import { meaning } from "./failures.ts";
import type { Row } from "./tables.ts";

export type Group = {
  readonly org: string;
  readonly name: string;
  /** What each member is besides its own role. */
  readonly role: Role | null;
  /** The value in the provider's groups claim that makes somebody a member. */
  readonly claim: string | null;
  readonly createdAt: string;
};

const groupName = /^[a-z][a-z0-9._-]{0,63}$/;

/** Throws INVALID_INPUT; CONFLICT when the name is taken. */
export async function createGroup(
  db: Db,
  { org, name, role = null, claim = null }: { org: string; name: string; role?: Role | null; claim?: string | null },
): Promise<Group> {
  if (!groupName.test(name)) throw new AppError("INVALID_INPUT", `${quote(name)} is not a valid group name.`);
  const insert = query(db)
    .insertInto("groups")
    .values({ org, name, role, claim, created_at: timestamp(db) })
    .returningAll()
    .executeTakeFirstOrThrow();
  const taken = () => new AppError("CONFLICT", `There is already a group ${quote(name)}.`);
  return toGroup(await meaning(insert, { unique: taken }));
}

/** By name. */
export async function listGroups(db: Db, org: string): Promise<Group[]> {
  const rows = await query(db).selectFrom("groups").selectAll().where("org", "=", org).orderBy("name").execute();
  return rows.map(toGroup);
}

/** With its grants. False when there was none. */
export async function deleteGroup(db: Db, org: string, name: string): Promise<boolean> {
  return transaction(db, async (tx) => {
    const apps = query(tx).selectFrom("apps").select("name").where("org", "=", org);
    await query(tx)
      .deleteFrom("grants")
      .where("subject_kind", "=", "group")
      .where("subject", "=", name)
      .where("app", "in", apps)
      .execute();
    const { numDeletedRows } = await query(tx)
      .deleteFrom("groups")
      .where("org", "=", org)
      .where("name", "=", name)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  });
}

/** Does nothing when it is one. Throws NOT_FOUND without such a group or such a user in the organisation. */
export async function addToGroup(
  db: Db,
  { org, group, user, source = "local" }: { org: string; group: string; user: string; source?: "local" | "oidc" },
): Promise<void> {
  await transaction(db, async (tx) => {
    const member = await query(tx)
      .selectFrom("members")
      .select("role")
      .where("org", "=", org)
      .where("user_name", "=", user)
      .executeTakeFirst();
    if (member === undefined) throw new AppError("NOT_FOUND", `There is no user ${quote(user)}.`);
    const insert = query(tx)
      .insertInto("group_members")
      .values({ org, group_name: group, user_name: user, source, created_at: timestamp(tx) })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await meaning(insert, { foreign: () => new AppError("NOT_FOUND", `There is no group ${quote(group)}.`) });
  });
}

/** False when it was none. */
export async function removeFromGroup(db: Db, org: string, group: string, user: string): Promise<boolean> {
  const { numDeletedRows } = await query(db)
    .deleteFrom("group_members")
    .where("org", "=", org)
    .where("group_name", "=", group)
    .where("user_name", "=", user)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/**
 * Makes the user a member of just those groups that a provider's claim names, beside what it is by hand: whoever was put
 * into a group here stays in it. The names of those joined and left.
 */
export async function setClaimedGroups(
  db: Db,
  { org, user, claimed }: { readonly org: string; readonly user: string; readonly claimed: readonly string[] },
): Promise<{ readonly joined: string[]; readonly left: string[] }> {
  return transaction(db, async (tx) => {
    const names = new Set(claimed);
    // Filtered here: a claim may name more groups than a statement has room for.
    const meant = (await listGroups(tx, org)).filter(({ claim }) => claim !== null && names.has(claim));
    const wanted = new Set(meant.map(({ name }) => name));
    const rows = await query(tx)
      .selectFrom("group_members")
      .select(["group_name", "source"])
      .where("org", "=", org)
      .where("user_name", "=", user)
      .execute();
    const present = new Set(rows.map((row) => row.group_name));
    const left = rows.filter((row) => row.source === "oidc" && !wanted.has(row.group_name));
    for (const { group_name } of left) await removeFromGroup(tx, org, group_name, user);
    const joined = [...wanted].filter((group) => !present.has(group));
    for (const group of joined) await addToGroup(tx, { org, group, user, source: "oidc" });
    return { joined, left: left.map((row) => row.group_name) };
  });
}

/** Names of its members. */
export async function membersOfGroup(db: Db, org: string, group: string): Promise<string[]> {
  const rows = await query(db)
    .selectFrom("group_members")
    .select("user_name")
    .where("org", "=", org)
    .where("group_name", "=", group)
    .orderBy("user_name")
    .execute();
  return rows.map((row) => row.user_name);
}

/** Those that the user is in. */
export async function groupsOfUser(db: Db, org: string, user: string): Promise<Group[]> {
  const rows = await query(db)
    .selectFrom("groups")
    .innerJoin("group_members", (join) =>
      join.onRef("group_members.org", "=", "groups.org").onRef("group_members.group_name", "=", "groups.name"),
    )
    .selectAll("groups")
    .where("groups.org", "=", org)
    .where("group_members.user_name", "=", user)
    .orderBy("groups.name")
    .execute();
  return rows.map(toGroup);
}

function toGroup(row: Row<"groups">): Group {
  return { org: row.org, name: row.name, role: row.role, claim: row.claim, createdAt: row.created_at };
}
