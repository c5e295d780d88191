/** Who asked for what goes on after a restart, with credential and address; and whose events are whose. */
import { sql, type Kysely } from "kysely";
import type { ColumnTypes } from "./column-types.ts";

export async function up(db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> {
  await db.schema.alterTable("deploys").addColumn("origin", text).execute();
  await db.schema.alterTable("apps").addColumn("destroyed_origin", text).execute();
  // Beside what the hash covers: it is said there too, so a row that was moved to another organisation shows.
  await db.schema
    .alterTable("events")
    .addColumn("org", text, (c) => c.notNull().defaultTo(sql.lit("default")))
    .execute();
  await db.schema.createIndex("events_org").on("events").columns(["org", "seq"]).execute();
}
