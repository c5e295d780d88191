/** Who may do what: organisations and their members, ways to log in, groups, grants, and what a credential is limited to. */
import { sql, type ColumnDefinitionBuilderCallback, type Kysely } from "kysely";
import type { ColumnTypes } from "./column-types.ts";

export async function up(db: Kysely<unknown>, { text, bigint }: ColumnTypes): Promise<void> {
  const { schema } = db;
  await schema
    .createTable("orgs")
    .addColumn("name", text, (c) => c.primaryKey())
    .addColumn("created_at", text, (c) => c.notNull())
    .execute();
  await sql`insert into orgs (name, created_at)
    select 'default', coalesce(min(created_at), '1970-01-01T00:00:00.000Z') from users`.execute(db);
  // Not a reference: SQLite adds no column that has a default and refers to something.
  await schema
    .alterTable("apps")
    .addColumn("org", text, (c) => c.notNull().defaultTo("default"))
    .execute();

  await schema
    .createTable("members")
    .addColumn("org", text, (c) => c.notNull().references("orgs.name").onDelete("cascade"))
    .addColumn("user_name", text, (c) => c.notNull().references("users.name").onDelete("cascade"))
    .addColumn("role", text, (c) =>
      c.notNull().check(sql`role in ('admin', 'developer', 'viewer', 'auditor', 'member')`),
    )
    .addColumn("created_at", text, (c) => c.notNull())
    .addPrimaryKeyConstraint("members_key", ["org", "user_name"])
    .execute();
  await sql`insert into members (org, user_name, role, created_at)
    select 'default', name, role, created_at from users`.execute(db);
  const users = [
    ["kind", (c) => c.notNull().defaultTo("person")],
    ["email", (c) => c],
    ["disabled_at", (c) => c],
    ["password", (c) => c],
    ["password_at", (c) => c],
    ["totp", (c) => c],
    ["totp_at", (c) => c],
  ] as const satisfies readonly Addition[];
  for (const [name, how] of users) await schema.alterTable("users").addColumn(name, text, how).execute();
  await schema.alterTable("users").addColumn("totp_step", bigint).execute();
  await schema.alterTable("users").dropColumn("role").execute();

  await schema
    .createTable("recovery_codes")
    .addColumn("user_name", text, (c) => c.notNull().references("users.name").onDelete("cascade"))
    .addColumn("hash", text, (c) => c.notNull())
    .addColumn("used_at", text)
    .addPrimaryKeyConstraint("recovery_codes_key", ["user_name", "hash"])
    .execute();
  await schema
    .createTable("identities")
    .addColumn("issuer", text, (c) => c.notNull())
    .addColumn("subject", text, (c) => c.notNull())
    .addColumn("user_name", text, (c) => c.notNull().references("users.name").onDelete("cascade"))
    .addColumn("created_at", text, (c) => c.notNull())
    .addPrimaryKeyConstraint("identities_key", ["issuer", "subject"])
    .execute();

  await schema
    .createTable("groups")
    .addColumn("org", text, (c) => c.notNull().references("orgs.name").onDelete("cascade"))
    .addColumn("name", text, (c) => c.notNull())
    .addColumn("role", text, (c) => c.check(sql`role in ('admin', 'developer', 'viewer', 'auditor', 'member')`))
    .addColumn("claim", text)
    .addColumn("created_at", text, (c) => c.notNull())
    .addPrimaryKeyConstraint("groups_key", ["org", "name"])
    .execute();
  await schema
    .createTable("group_members")
    .addColumn("org", text, (c) => c.notNull())
    .addColumn("group_name", text, (c) => c.notNull())
    .addColumn("user_name", text, (c) => c.notNull().references("users.name").onDelete("cascade"))
    .addColumn("source", text, (c) => c.notNull().check(sql`source in ('local', 'oidc')`))
    .addColumn("created_at", text, (c) => c.notNull())
    .addPrimaryKeyConstraint("group_members_key", ["org", "group_name", "user_name"])
    .addForeignKeyConstraint("group_members_group", ["org", "group_name"], "groups", ["org", "name"], (c) =>
      c.onDelete("cascade"),
    )
    .execute();
  await schema.createIndex("group_members_user").on("group_members").column("user_name").execute();
  // `subject` is a user's or a group's name; who removes one of these removes its grants (grants.ts).
  await schema
    .createTable("grants")
    .addColumn("app", text, (c) => c.notNull().references("apps.name").onDelete("cascade"))
    .addColumn("subject_kind", text, (c) => c.notNull().check(sql`subject_kind in ('user', 'group')`))
    .addColumn("subject", text, (c) => c.notNull())
    .addColumn("role", text, (c) => c.notNull().check(sql`role in ('admin', 'developer', 'viewer')`))
    .addColumn("created_at", text, (c) => c.notNull())
    .addColumn("created_by", text, (c) => c.notNull())
    .addPrimaryKeyConstraint("grants_key", ["app", "subject_kind", "subject"])
    .execute();
  await schema.createIndex("grants_subject").on("grants").columns(["subject_kind", "subject"]).execute();

  const tokens = [
    ["kind", (c) => c.notNull().defaultTo("token")],
    ["org", (c) => c.notNull().defaultTo("default")],
    ["actions", (c) => c],
    ["apps", (c) => c],
    ["addresses", (c) => c],
    ["address", (c) => c],
    ["agent", (c) => c],
  ] as const satisfies readonly Addition[];
  for (const [name, how] of tokens) await schema.alterTable("tokens").addColumn(name, text, how).execute();
  await schema.alterTable("tokens").addColumn("idle_seconds", bigint).execute();

  await schema
    .createTable("logins")
    .addColumn("id", text, (c) => c.primaryKey())
    .addColumn("hash", text, (c) => c.notNull())
    .addColumn("user_name", text, (c) => c.references("users.name").onDelete("cascade"))
    .addColumn("stage", text, (c) => c.notNull())
    .addColumn("data", text)
    .addColumn("address", text)
    .addColumn("created_at", text, (c) => c.notNull())
    .addColumn("expires_at", text, (c) => c.notNull())
    .addColumn("tries", "integer", (c) => c.notNull())
    .execute();
  await schema
    .createTable("failures")
    .addColumn("kind", text, (c) => c.notNull().check(sql`kind in ('user', 'address')`))
    .addColumn("subject", text, (c) => c.notNull())
    .addColumn("count", "integer", (c) => c.notNull())
    .addColumn("first_at", text, (c) => c.notNull())
    .addColumn("last_at", text, (c) => c.notNull())
    .addColumn("locked_until", text)
    .addPrimaryKeyConstraint("failures_key", ["kind", "subject"])
    .execute();
  await schema
    .createTable("ssh_keys")
    .addColumn("fingerprint", text, (c) => c.primaryKey())
    .addColumn("user_name", text, (c) => c.notNull().references("users.name").onDelete("cascade"))
    .addColumn("name", text, (c) => c.notNull())
    .addColumn("key", text, (c) => c.notNull())
    .addColumn("created_at", text, (c) => c.notNull())
    .addColumn("last_used_at", text)
    .execute();
}

type Addition = readonly [name: string, how: ColumnDefinitionBuilderCallback];
