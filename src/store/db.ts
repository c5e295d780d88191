/**
 * The handle that every aggregate takes first. It is opaque outside this folder: only `query` opens it, and it is for
 * this folder's files alone.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Kysely } from "kysely";
import type { Clock } from "#sys/clock.ts";
import type { Tables } from "./tables.ts";

const inner = Symbol("store");

/** The database, or a transaction in it. */
export type Db = {
  readonly [inner]: { readonly kysely: Kysely<Tables>; readonly transaction: TransactionScope | undefined };
  readonly clock: Clock;
};

/** What openStore returns: a Db that can be closed. */
export type Store = Db & { close(): Promise<void> };

type TransactionScope = { open: boolean };

const current = new AsyncLocalStorage<TransactionScope>();

export function makeDb(kysely: Kysely<Tables>, clock: Clock, transaction?: TransactionScope): Db {
  return { [inner]: { kysely, transaction }, clock };
}

/** The query builder. For files of src/store only. */
export function query(db: Db): Kysely<Tables> {
  const scope = current.getStore();
  // SQLite has one connection: a query beside its own open transaction would wait for itself for ever.
  if (scope?.open === true && db[inner].transaction !== scope) {
    throw new TypeError("inside a transaction use the handle that it gave you");
  }
  return db[inner].kysely;
}

/**
 * Runs `work` in one transaction: all of it or nothing. Within a transaction it joins that one.
 * Keep it short and wait for nothing but the database: on SQLite everyone else waits meanwhile.
 */
export async function transaction<T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> {
  if (db[inner].transaction !== undefined) return work(db);
  const scope: TransactionScope = { open: true };
  return query(db)
    .transaction()
    .execute((kysely) =>
      current.run(scope, async () => {
        try {
          return await work(makeDb(kysely, db.clock, scope));
        } finally {
          scope.open = false;
        }
      }),
    );
}

/** The present time as the database holds it. */
export function timestamp(db: Db): string {
  return new Date(db.clock.now()).toISOString();
}
