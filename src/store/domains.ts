/** The domains that lead to apps. A domain belongs to one app. */
import { AppError } from "#core/errors.ts";
import { parseDomain, quote } from "#core/names.ts";
import { appNotFound } from "./apps.ts";
import { query, timestamp, type Db } from "./db.ts";
import { meaning } from "./failures.ts";
import type { Row } from "./tables.ts";

export type Domain = { readonly name: string; readonly app: string; readonly createdAt: string };

/** False when the app has it already. Throws INVALID_DOMAIN, DOMAIN_TAKEN, APP_NOT_FOUND. */
export async function addDomain(db: Db, app: string, domain: string): Promise<boolean> {
  const name = parseDomain(domain);
  const insert = query(db)
    .insertInto("domains")
    .values({ name, app, created_at: timestamp(db) })
    .onConflict((conflict) => conflict.column("name").doNothing())
    .executeTakeFirst();
  const { numInsertedOrUpdatedRows } = await meaning(insert, { foreign: () => appNotFound(app) });
  if (numInsertedOrUpdatedRows === 1n) return true;
  const owner = await query(db).selectFrom("domains").select("app").where("name", "=", name).executeTakeFirst();
  if (owner?.app === app) return false;
  throw new AppError("DOMAIN_TAKEN", `The domain ${quote(name)} belongs to another app.`);
}

/** False when the app does not have it. */
export async function removeDomain(db: Db, app: string, domain: string): Promise<boolean> {
  const { numDeletedRows } = await query(db)
    .deleteFrom("domains")
    .where("app", "=", app)
    .where("name", "=", domain.toLowerCase())
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/** The app's domains, by name. */
export async function listDomains(db: Db, app: string): Promise<Domain[]> {
  return (await query(db).selectFrom("domains").selectAll().where("app", "=", app).orderBy("name").execute()).map(
    toDomain,
  );
}

/** Those of all apps, by name: what the edge's routes are made of. */
export async function listAllDomains(db: Db): Promise<Domain[]> {
  return (await query(db).selectFrom("domains").selectAll().orderBy("name").execute()).map(toDomain);
}

function toDomain(row: Row<"domains">): Domain {
  return { name: row.name, app: row.app, createdAt: row.created_at };
}
