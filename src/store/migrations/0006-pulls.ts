/** Where the server fetches an app from by itself, and who may tell it to: webhooks with their sealed secrets. */
import type { Kysely } from "kysely";
import type { ColumnTypes } from "./column-types.ts";

export async function up(db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> {
  for (const name of ["url", "ref", "credential", "set_by"]) {
    await db.schema.alterTable("sources").addColumn(name, text).execute();
  }
  await db.schema
    .createTable("webhooks")
    .addColumn("id", text, (c) => c.primaryKey())
    .addColumn("app", text, (c) => c.notNull().references("apps.name").onDelete("cascade"))
    .addColumn("name", text, (c) => c.notNull())
    .addColumn("branch", text)
    .addColumn("secret", text, (c) => c.notNull())
    .addColumn("created_at", text, (c) => c.notNull())
    .addColumn("created_by", text, (c) => c.notNull())
    .addColumn("rotated_at", text)
    .addColumn("last_at", text)
    .addColumn("last_outcome", text)
    .execute();
  await db.schema.createIndex("webhooks_app").on("webhooks").columns(["app", "name"]).unique().execute();
  // What came and was taken, so that it is not taken twice.
  await db.schema
    .createTable("webhook_deliveries")
    .addColumn("webhook", text, (c) => c.notNull().references("webhooks.id").onDelete("cascade"))
    .addColumn("delivery", text, (c) => c.notNull())
    .addColumn("at", text, (c) => c.notNull())
    .addPrimaryKeyConstraint("webhook_deliveries_key", ["webhook", "delivery"])
    .execute();
}
