/**
 * The store: what Hop3 remembers, in SQLite or PostgreSQL. One file an aggregate holds plain functions that take the
 * Store (or a transaction in it) first and return plain objects; rows, SQL and drivers' errors stay in this folder.
 * It knows no use case, and never sees the master key but as an argument.
 */
import { Kysely } from "kysely";
import type { Clock } from "#sys/clock.ts";
import { makeDb, type Store } from "./db.ts";
import { patiently, withStoreErrors } from "./dialect.ts";
import { storeError } from "./failures.ts";
import { migrate } from "./migrate.ts";
import { openSqlite } from "./sqlite.ts";
import type { Tables } from "./tables.ts";

export type StoreOptions = {
  /** POSTGRES_DB_URI; without it the SQLite file is used. */
  readonly url?: string;
  /** Absolute path of the SQLite file; its directory exists. */
  readonly file: string;
  /** False: a SQLite file that is not there is an error, and no new server. */
  readonly mayCreate?: boolean;
  readonly clock: Clock;
};

/** Opens the database and brings its schema up to date. Throws STORE_FAILED, DISK_FULL; CONFLICT when its schema is newer. */
export async function openStore({ url, file, mayCreate = true, clock }: StoreOptions): Promise<Store> {
  try {
    // Loaded when asked for: the driver would cost a server on SQLite 13 MB.
    const dialect =
      url === undefined
        ? await patiently(() => openSqlite(file, mayCreate))
        : (await import("./postgres.ts")).openPostgres(url);
    const kysely = new Kysely<Tables>({ dialect: withStoreErrors(dialect) });
    const store: Store = { ...makeDb(kysely, clock), close: () => kysely.destroy() };
    try {
      await migrate(kysely, url === undefined ? "sqlite" : "postgres", clock);
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  } catch (error) {
    throw storeError(error);
  }
}
