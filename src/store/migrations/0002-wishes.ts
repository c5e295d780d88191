/** What was asked for and accepted, and is not done yet: that an app is destroyed, that a deploy is canceled. */
import type { Kysely } from "kysely";
import type { ColumnTypes } from "./column-types.ts";

export async function up(db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> {
  await db.schema.alterTable("apps").addColumn("destroyed_by", text).execute();
  await db.schema.alterTable("deploys").addColumn("canceled", text).execute();
}
