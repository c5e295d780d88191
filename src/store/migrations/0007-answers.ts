/** Answers that were given under an idempotency key, for as long as they may be asked for again. */
import type { Kysely } from "kysely";
import type { ColumnTypes } from "./column-types.ts";

export async function up(db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable("answers")
    .addColumn("credential", text, (c) => c.notNull())
    .addColumn("key", text, (c) => c.notNull())
    .addColumn("request", text, (c) => c.notNull())
    .addColumn("body", text)
    .addColumn("sealed", text)
    .addColumn("process", text, (c) => c.notNull())
    .addColumn("created_at", text, (c) => c.notNull())
    .addPrimaryKeyConstraint("answers_pk", ["credential", "key"])
    .execute();
  await db.schema.createIndex("answers_by_age").on("answers").columns(["created_at"]).execute();
}
