/** What a user or a group may do with one app beyond its role in the organisation. */
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { AppRole } from "#core/roles.ts";
import { appNotFound } from "./apps.ts";
import { query, timestamp, transaction, type Db } from "./db.ts";
import { meaning } from "./failures.ts";
import type { Row } from "./tables.ts";

export type Subject = { readonly kind: "user" | "group"; readonly name: string };

export type Grant = {
  readonly app: string;
  readonly subject: Subject;
  readonly role: AppRole;
  readonly createdAt: string;
  readonly createdBy: string;
};

/** In place of the one that it had. Throws APP_NOT_FOUND; NOT_FOUND without such a user or group in the app's organisation. */
export async function setGrant(
  db: Db,
  { app, subject, role, by }: { app: string; subject: Subject; role: AppRole; by: string },
): Promise<Grant> {
  return transaction(db, async (tx) => {
    const found = await query(tx).selectFrom("apps").select("org").where("name", "=", app).executeTakeFirst();
    if (found === undefined) throw appNotFound(app);
    const users = query(tx).selectFrom("members").select("org").where("user_name", "=", subject.name);
    const groups = query(tx).selectFrom("groups").select("org").where("name", "=", subject.name);
    const known = await (subject.kind === "user" ? users : groups).execute();
    if (!known.some(({ org }) => org === found.org)) {
      throw new AppError("NOT_FOUND", `There is no ${subject.kind} ${quote(subject.name)}.`);
    }
    const values = { role, created_at: timestamp(tx), created_by: by };
    const insert = query(tx)
      .insertInto("grants")
      .values({ app, subject_kind: subject.kind, subject: subject.name, ...values })
      .onConflict((conflict) => conflict.columns(["app", "subject_kind", "subject"]).doUpdateSet(values))
      .returningAll()
      .executeTakeFirstOrThrow();
    return toGrant(await meaning(insert, { foreign: () => appNotFound(app) }));
  });
}

/** False when there was none. */
export async function removeGrant(db: Db, app: string, subject: Subject): Promise<boolean> {
  const { numDeletedRows } = await query(db)
    .deleteFrom("grants")
    .where("app", "=", app)
    .where("subject_kind", "=", subject.kind)
    .where("subject", "=", subject.name)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Of one app: users before groups, by name. */
export async function grantsOnApp(db: Db, app: string): Promise<Grant[]> {
  const rows = await query(db)
    .selectFrom("grants")
    .selectAll()
    .where("app", "=", app)
    .orderBy("subject_kind", "desc")
    .orderBy("subject")
    .execute();
  return rows.map(toGrant);
}

/** Of a user, on apps of an organisation: its own and those of its groups. */
export async function grantsOfUser(db: Db, org: string, user: string, groups: readonly string[]): Promise<Grant[]> {
  const rows = await query(db)
    .selectFrom("grants")
    .innerJoin("apps", "apps.name", "grants.app")
    .selectAll("grants")
    .where("apps.org", "=", org)
    .where((eb) => {
      const own = eb.and([eb("subject_kind", "=", "user"), eb("subject", "=", user)]);
      if (groups.length === 0) return own;
      return eb.or([own, eb.and([eb("subject_kind", "=", "group"), eb("subject", "in", groups)])]);
    })
    .orderBy("grants.app")
    .execute();
  return rows.map(toGrant);
}

function toGrant(row: Row<"grants">): Grant {
  return {
    app: row.app,
    subject: { kind: row.subject_kind, name: row.subject },
    role: row.role,
    createdAt: row.created_at,
    createdBy: row.created_by,
  };
}
