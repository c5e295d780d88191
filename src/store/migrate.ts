/**
 * Brings the schema to the version that this Hop3 knows. Each migration is one transaction with the version that it
 * makes; who comes second waits for the lock and finds the work done. A newer schema is refused: an older Hop3 would
 * write rows that the newer one does not expect.
 */
import { sql, type Kysely } from "kysely";
import { AppError } from "#core/errors.ts";
import type { Clock } from "#sys/clock.ts";
import { up as first } from "./migrations/0001-first.ts";
import { up as wishes } from "./migrations/0002-wishes.ts";
import { up as identity } from "./migrations/0003-identity.ts";
import { up as sources } from "./migrations/0004-sources.ts";
import { up as origins } from "./migrations/0005-origins.ts";
import { up as pulls } from "./migrations/0006-pulls.ts";
import { up as answers } from "./migrations/0007-answers.ts";
import type { ColumnTypes } from "./migrations/column-types.ts";
import type { Tables } from "./tables.ts";

export type Dialect = "sqlite" | "postgres";

export type Migration = {
  readonly version: number;
  readonly name: string;
  readonly up: (db: Kysely<unknown>, types: ColumnTypes) => Promise<void>;
};

/** In order; a version is never changed or left out once it was released. */
export const migrations: readonly Migration[] = [
  { version: 1, name: "first", up: first },
  { version: 2, name: "wishes", up: wishes },
  { version: 3, name: "identity", up: identity },
  { version: 4, name: "sources", up: sources },
  { version: 5, name: "origins", up: origins },
  { version: 6, name: "pulls", up: pulls },
  { version: 7, name: "answers", up: answers },
];

// Any fixed number: the key of the advisory lock under which schemas change.
const lockKey = 4_003_301;

// The same order of text on every server, whatever its locale.
const columnTypes = {
  sqlite: { text: sql`text`, bigint: sql`integer` },
  postgres: { text: sql`text collate "C"`, bigint: sql`bigint` },
} satisfies Record<Dialect, ColumnTypes>;

/** Throws CONFLICT when the schema is newer than `list`. */
export async function migrate(
  kysely: Kysely<Tables>,
  dialect: Dialect,
  clock: Clock,
  list: readonly Migration[] = migrations,
): Promise<void> {
  const known = list.at(-1)?.version ?? 0;
  let version = -1;
  while (version < known) {
    version = await kysely.transaction().execute(async (tx) => {
      if (dialect === "postgres") await sql`select pg_advisory_xact_lock(${lockKey})`.execute(tx);
      const present = await presentVersion(tx, columnTypes[dialect]);
      if (present > known) throw tooNew(present, known);
      const migration = list.find((candidate) => candidate.version > present);
      if (migration === undefined) return present;
      await migration.up(tx as unknown as Kysely<unknown>, columnTypes[dialect]);
      await tx
        .insertInto("hop3_schema")
        .values({ version: migration.version, name: migration.name, applied_at: new Date(clock.now()).toISOString() })
        .execute();
      return migration.version;
    });
  }
}

async function presentVersion(tx: Kysely<Tables>, { text }: ColumnTypes): Promise<number> {
  await tx.schema
    .createTable("hop3_schema")
    .ifNotExists()
    .addColumn("version", "integer", (c) => c.primaryKey())
    .addColumn("name", text, (c) => c.notNull())
    .addColumn("applied_at", text, (c) => c.notNull())
    .execute();
  const row = await tx
    .selectFrom("hop3_schema")
    .select((eb) => eb.fn.max("version").as("version"))
    .executeTakeFirst();
  return row?.version ?? 0;
}

function tooNew(present: number, known: number): AppError {
  return new AppError(
    "CONFLICT",
    `The database has schema version ${present}; this Hop3 knows versions up to ${known}.`,
    {
      hint: "Start the newer Hop3 that wrote it, or restore a backup from before the upgrade.",
    },
  );
}
