/** What Hop3 0.1 stores. Never edited after a release: a change is a new file. */
import { sql, type Kysely } from "kysely";
import type { ColumnTypes } from "./column-types.ts";

export async function up(db: Kysely<unknown>, { text, bigint }: ColumnTypes): Promise<void> {
  const { schema } = db;
  await schema
    .createTable("apps")
    .addColumn("name", text, (c) => c.primaryKey())
    .addColumn("state", text, (c) => c.notNull().check(sql`state in ('new', 'running', 'stopped', 'failed')`))
    .addColumn("message", text)
    .addColumn("live_release", "integer")
    .addColumn("last_build", "integer", (c) => c.notNull())
    .addColumn("last_release", "integer", (c) => c.notNull())
    .addColumn("last_deploy", "integer", (c) => c.notNull())
    .addColumn("created_at", text, (c) => c.notNull())
    .addColumn("updated_at", text, (c) => c.notNull())
    .execute();
  await schema
    .createTable("env")
    .addColumn("app", text, (c) => c.notNull().references("apps.name").onDelete("cascade"))
    .addColumn("name", text, (c) => c.notNull())
    .addColumn("sealed", text, (c) => c.notNull())
    .addColumn("source", text, (c) => c.notNull().check(sql`source in ('user', 'generated', 'file')`))
    .addColumn("updated_at", text, (c) => c.notNull())
    .addPrimaryKeyConstraint("env_key", ["app", "name"])
    .execute();
  await schema
    .createTable("domains")
    .addColumn("name", text, (c) => c.primaryKey())
    .addColumn("app", text, (c) => c.notNull().references("apps.name").onDelete("cascade"))
    .addColumn("created_at", text, (c) => c.notNull())
    .execute();
  await schema.createIndex("domains_app").on("domains").column("app").execute();
  await schema
    .createTable("scale")
    .addColumn("app", text, (c) => c.notNull().references("apps.name").onDelete("cascade"))
    .addColumn("type", text, (c) => c.notNull())
    .addColumn("count", "integer", (c) => c.notNull().check(sql`count >= 0`))
    .addPrimaryKeyConstraint("scale_key", ["app", "type"])
    .execute();
  await schema
    .createTable("builds")
    .addColumn("app", text, (c) => c.notNull().references("apps.name").onDelete("cascade"))
    .addColumn("number", "integer", (c) => c.notNull())
    .addColumn("record_version", "integer", (c) => c.notNull())
    .addColumn("builder", text, (c) => c.notNull())
    .addColumn("summary", text, (c) => c.notNull())
    .addColumn("state", text, (c) => c.notNull().check(sql`state in ('running', 'succeeded', 'failed', 'canceled')`))
    .addColumn("created_at", text, (c) => c.notNull())
    .addColumn("created_by", text, (c) => c.notNull())
    .addColumn("ended_at", text)
    .addPrimaryKeyConstraint("builds_key", ["app", "number"])
    .execute();
  await schema
    .createTable("releases")
    .addColumn("app", text, (c) => c.notNull().references("apps.name").onDelete("cascade"))
    .addColumn("number", "integer", (c) => c.notNull())
    .addColumn("build", "integer", (c) => c.notNull())
    .addColumn("record_version", "integer", (c) => c.notNull())
    .addColumn("reason", text, (c) => c.notNull())
    .addColumn("summary", text, (c) => c.notNull())
    .addColumn("created_at", text, (c) => c.notNull())
    .addColumn("created_by", text, (c) => c.notNull())
    .addPrimaryKeyConstraint("releases_key", ["app", "number"])
    .addForeignKeyConstraint("releases_build", ["app", "build"], "builds", ["app", "number"])
    .execute();
  await schema
    .createTable("deploys")
    .addColumn("app", text, (c) => c.notNull().references("apps.name").onDelete("cascade"))
    .addColumn("number", "integer", (c) => c.notNull())
    .addColumn("state", text, (c) =>
      c.notNull().check(sql`state in ('queued', 'running', 'succeeded', 'failed', 'canceled')`),
    )
    .addColumn("step", text)
    .addColumn("summary", text, (c) => c.notNull())
    .addColumn("build", "integer")
    .addColumn("release", "integer")
    .addColumn("error", text)
    .addColumn("created_at", text, (c) => c.notNull())
    .addColumn("created_by", text, (c) => c.notNull())
    .addColumn("started_at", text)
    .addColumn("ended_at", text)
    .addColumn("last_step", "integer", (c) => c.notNull())
    .addColumn("last_event", "integer", (c) => c.notNull())
    .addPrimaryKeyConstraint("deploys_key", ["app", "number"])
    .execute();
  await schema
    .createIndex("deploys_one_running")
    .unique()
    .on("deploys")
    .column("app")
    .where(sql.ref("state"), "=", sql.lit("running"))
    .execute();
  for (const [name, extra] of [
    ["deploy_steps", "step"],
    ["deploy_events", "type"],
  ] as const) {
    let table = schema
      .createTable(name)
      .addColumn("app", text, (c) => c.notNull())
      .addColumn("deploy", "integer", (c) => c.notNull())
      .addColumn("seq", "integer", (c) => c.notNull())
      .addColumn(extra, text, (c) => c.notNull());
    table =
      name === "deploy_steps"
        ? table
            .addColumn("started_at", text, (c) => c.notNull())
            .addColumn("ended_at", text)
            .addColumn("outcome", text)
            .addColumn("facts", text, (c) => c.notNull())
        : table.addColumn("data", text, (c) => c.notNull()).addColumn("at", text, (c) => c.notNull());
    await table
      .addPrimaryKeyConstraint(`${name}_key`, ["app", "deploy", "seq"])
      .addForeignKeyConstraint(`${name}_deploy`, ["app", "deploy"], "deploys", ["app", "number"], (c) =>
        c.onDelete("cascade"),
      )
      .execute();
  }
  await schema
    .createTable("users")
    .addColumn("name", text, (c) => c.primaryKey())
    .addColumn("role", text, (c) => c.notNull())
    .addColumn("created_at", text, (c) => c.notNull())
    .execute();
  await schema
    .createTable("tokens")
    .addColumn("id", text, (c) => c.primaryKey())
    .addColumn("hash", text, (c) => c.notNull())
    .addColumn("user_name", text, (c) => c.notNull().references("users.name").onDelete("cascade"))
    .addColumn("name", text, (c) => c.notNull())
    .addColumn("created_at", text, (c) => c.notNull())
    .addColumn("expires_at", text)
    .addColumn("last_used_at", text)
    .addColumn("revoked_at", text)
    .execute();
  await schema.createIndex("tokens_user").on("tokens").column("user_name").execute();
  await schema
    .createTable("events")
    .addColumn("seq", bigint, (c) => c.primaryKey())
    .addColumn("at", text, (c) => c.notNull())
    .addColumn("actor", text, (c) => c.notNull())
    .addColumn("action", text, (c) => c.notNull())
    .addColumn("app", text)
    .addColumn("target", text)
    .addColumn("outcome", text, (c) => c.notNull())
    .addColumn("details", text, (c) => c.notNull())
    .addColumn("hash", text, (c) => c.notNull())
    .execute();
  await schema.createIndex("events_app").on("events").columns(["app", "seq"]).execute();
  await schema
    .createTable("event_head")
    .addColumn("id", "integer", (c) => c.primaryKey().check(sql`id = 1`))
    .addColumn("seq", bigint, (c) => c.notNull())
    .addColumn("hash", text, (c) => c.notNull())
    .execute();
  await sql`insert into event_head (id, seq, hash) values (1, 0, ${"0".repeat(64)})`.execute(db);
  await schema
    .createTable("settings")
    .addColumn("key", text, (c) => c.primaryKey())
    .addColumn("value", text, (c) => c.notNull())
    .addColumn("updated_at", text, (c) => c.notNull())
    .execute();
}
