/** Where an app's deploys come from: the branch that deploys it, and of each deploy what it was made of. */
import type { Kysely } from "kysely";
import type { ColumnTypes } from "./column-types.ts";

export async function up(db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable("sources")
    .addColumn("app", text, (c) => c.primaryKey().references("apps.name").onDelete("cascade"))
    .addColumn("branch", text)
    .addColumn("updated_at", text, (c) => c.notNull())
    .execute();
  await db.schema.alterTable("deploys").addColumn("source", text).execute();
}
