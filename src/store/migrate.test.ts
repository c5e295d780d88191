import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { Kysely, sql } from "kysely";
import { Client } from "pg";
import { systemClock } from "#sys/clock.ts";
import { databases, type Database } from "../../test/databases.ts";
import { createApp, getApp, nextBuild } from "./apps.ts";
import { getDeploy } from "./deploys.ts";
import { listDeployEvents } from "./deploy-events.ts";
import { listSteps } from "./deploy-steps.ts";
import { listDomains } from "./domains.ts";
import { query } from "./db.ts";
import { withStoreErrors } from "./dialect.ts";
import { readEnv } from "./env.ts";
import { verifyEvents } from "./events.ts";
import { checkMasterKey } from "./key-check.ts";
import { migrate, migrations, type Migration } from "./migrate.ts";
import { openStore } from "./open.ts";
import { openPostgres } from "./postgres.ts";
import { liveRelease } from "./releases.ts";
import { getScale } from "./scale.ts";
import { openSqlite } from "./sqlite.ts";
import type { Tables } from "./tables.ts";
import { findToken } from "./tokens.ts";

type Address = { readonly url?: string; readonly file: string };

async function runSql({ url, file }: Address, text: string): Promise<void> {
  if (url === undefined) {
    const database = new DatabaseSync(file);
    database.exec(text);
    database.close();
    return;
  }
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(text);
  await client.end();
}

function raw({ url, file }: Address): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: withStoreErrors(url === undefined ? openSqlite(file, true) : openPostgres(url)),
  });
}

/** All that the database knows of its schema, as text. */
async function describeSchema(database: Database, address: Address): Promise<unknown> {
  const kysely = raw(address);
  const statement =
    database.name === "sqlite"
      ? sql`select name, sql as text from sqlite_master where sql is not null order by name`
      : sql`select table_name || '.' || column_name as name, data_type || is_nullable || coalesce(collation_name, '') as text
            from information_schema.columns where table_schema = 'public'
            union all select indexname, indexdef from pg_indexes where schemaname = 'public'
            union all select conname, pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace
            order by 1, 2`;
  const { rows } = await statement.execute(kysely);
  await kysely.destroy();
  return rows;
}

for (const database of databases) {
  describe(`the schema on ${database.name}`, () => {
    const fixture = () => readFile(join(import.meta.dirname, `fixtures/schema-1.${database.name}.sql`), "utf8");

    test("a database that schema 1 left is read whole", async (t) => {
      const address = await database.empty();
      await runSql(address, await fixture());
      const store = await openStore({ ...address, clock: systemClock });
      t.after(() => store.close());
      const key = new Uint8Array(32).fill(1);
      await checkMasterKey(store, key);
      assert.equal((await getApp(store, "blog"))?.liveRelease, 1);
      assert.equal((await getApp(store, "blog"))?.destroyedBy, null);
      assert.equal((await getDeploy(store, "blog", 1))?.canceled, null);
      assert.equal((await readEnv(store, "blog", key))[0]?.value, "kept since schema 1");
      assert.equal((await listDomains(store, "blog"))[0]?.name, "blog.example.com");
      assert.deepEqual(await getScale(store, "blog"), { web: 2, worker: 0 });
      assert.equal((await liveRelease(store, "blog"))?.summary, "first");
      assert.equal((await listSteps(store, "blog", 1))[0]?.outcome, "done");
      assert.deepEqual((await listDeployEvents(store, "blog", 1))[0]?.data, { step: "build" });
      assert.equal((await findToken(store, `hop3_${"A".repeat(43)}`))?.role, "admin");
      assert.deepEqual(await verifyEvents(store), { ok: true, count: 2 });
      assert.equal(await nextBuild(store, "blog"), 3);
    });

    test("migration 1 still makes what it made when it was released", async () => {
      const kept = await database.empty();
      await runSql(kept, await fixture());
      const made = await database.empty();
      const kysely = raw(made);
      await migrate(kysely, database.name, systemClock, migrations.slice(0, 1));
      await kysely.destroy();
      assert.deepEqual(await describeSchema(database, made), await describeSchema(database, kept));
    });

    test("many who start at once on an empty database all find the schema made once", async (t) => {
      const address = await database.empty();
      const stores = await Promise.all(Array.from({ length: 6 }, () => openStore({ ...address, clock: systemClock })));
      t.after(() => Promise.all(stores.map((store) => store.close())));
      const [store] = stores;
      assert.ok(store);
      const versions = await query(store).selectFrom("hop3_schema").select("version").execute();
      assert.deepEqual(
        versions.map((row) => row.version),
        migrations.map((migration) => migration.version),
      );
      await createApp(store, "blog");
    });

    test("a newer schema is refused by its number and left as it is", async () => {
      const address = await database.empty();
      await (await openStore({ ...address, clock: systemClock })).close();
      await runSql(address, "insert into hop3_schema values (99, 'from the future', '2030-01-01T00:00:00.000Z')");
      const before = await describeSchema(database, address);
      await assert.rejects(openStore({ ...address, clock: systemClock }), {
        code: "CONFLICT",
        message: `The database has schema version 99; this Hop3 knows versions up to ${migrations.length}.`,
      });
      assert.deepEqual(await describeSchema(database, address), before);
    });

    test("a migration that fails half way leaves the version before it, and can be done again", async (t) => {
      const address = await database.empty();
      const kysely = raw(address);
      t.after(() => kysely.destroy());
      let broken = true;
      const second: Migration = {
        version: 2,
        name: "second",
        up: async (db) => {
          await db.schema.createTable("later").addColumn("id", "integer").execute();
          if (broken) throw new RangeError("half way");
        },
      };
      const list = [...migrations.slice(0, 1), second];
      await assert.rejects(migrate(kysely, database.name, systemClock, list), RangeError);
      const versions = () => kysely.selectFrom("hop3_schema").select("version").orderBy("version").execute();
      assert.deepEqual(
        (await versions()).map((row) => row.version),
        [1],
      );
      broken = false;
      await migrate(kysely, database.name, systemClock, list);
      assert.deepEqual(
        (await versions()).map((row) => row.version),
        [1, 2],
      );
    });
  });
}

test("migrations are numbered 1, 2, 3, ...", () => {
  assert.deepEqual(
    migrations.map((migration) => migration.version),
    migrations.map((_, index) => index + 1),
  );
});

test("the SQLite file and what belongs to it can be read by its owner only, also when it was open before", async (t) => {
  const [sqlite] = databases;
  assert.ok(sqlite);
  const address = await sqlite.empty();
  await writeFile(address.file, "", { mode: 0o644 });
  const store = await openStore({ ...address, clock: systemClock });
  t.after(() => store.close());
  await createApp(store, "blog");
  for (const suffix of ["", "-wal", "-shm"]) {
    assert.equal((await stat(address.file + suffix)).mode & 0o777, 0o600, suffix);
  }
});

test("a file that is no database is refused, and not changed", async () => {
  const [sqlite] = databases;
  assert.ok(sqlite);
  const address = await sqlite.empty();
  const text = "this is a text of somebody and no database at all".repeat(100);
  await writeFile(address.file, text);
  await assert.rejects(openStore({ ...address, clock: systemClock }), {
    code: "STORE_FAILED",
    message: "The database file is damaged or is no database.",
  });
  assert.equal(await readFile(address.file, "utf8"), text);
});

test("a directory that is not there is a failed store", async () => {
  const [sqlite] = databases;
  assert.ok(sqlite);
  const { file } = await sqlite.empty();
  await assert.rejects(openStore({ file: `${file}/none/hop3.db`, clock: systemClock }), { code: "STORE_FAILED" });
});
