/** A dialect whose driver throws nothing but AppErrors, whichever query fails, and waits for a lock without blocking. */
import { setTimeout as delay } from "node:timers/promises";
import type { DatabaseConnection, Dialect, Driver } from "kysely";
import { isLocked, storeError } from "./failures.ts";

/** How long a statement is tried again while another process holds SQLite's lock, in milliseconds. */
const lockPatience = 5000;

export function withStoreErrors(dialect: Dialect): Dialect {
  return {
    createDriver: () => wrapDriver(dialect.createDriver()),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
  };
}

/**
 * Runs a statement, again while the database is locked. SQLite's own busy time-out would stop the whole process, and
 * for nothing where the lock is held by this very process. Only a whole statement or the start of a transaction fails
 * so, and neither has done anything then.
 */
export async function patiently<T>(work: () => Promise<T> | T): Promise<T> {
  // Not the store's clock: a lock is held in real time.
  const deadline = performance.now() + lockPatience;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isLocked(error) || performance.now() > deadline) throw storeError(error);
      await delay(2 + Math.random() * 18);
    }
  }
}

function wrapDriver(driver: Driver): Driver {
  // Kysely knows a connection by identity, so each has one wrapper for its life.
  const wrappers = new WeakMap<DatabaseConnection, DatabaseConnection>();
  const originals = new WeakMap<DatabaseConnection, DatabaseConnection>();
  const wrap = (connection: DatabaseConnection): DatabaseConnection => {
    const wrapper = wrappers.get(connection) ?? {
      executeQuery: (compiled, options) => patiently(() => connection.executeQuery(compiled, options)),
      streamQuery: (compiled, chunk, options) => connection.streamQuery(compiled, chunk, options),
    };
    wrappers.set(connection, wrapper);
    originals.set(wrapper, connection);
    return wrapper;
  };
  const original = (wrapper: DatabaseConnection) => originals.get(wrapper) ?? wrapper;
  return {
    init: (options) => patiently(() => driver.init(options)),
    acquireConnection: async (options) => wrap(await patiently(() => driver.acquireConnection(options))),
    beginTransaction: (connection, settings) =>
      patiently(() => driver.beginTransaction(original(connection), settings)),
    commitTransaction: (connection) => patiently(() => driver.commitTransaction(original(connection))),
    // The error that led here says more than that the way back failed too; a lost connection rolls back by itself.
    rollbackTransaction: (connection) => driver.rollbackTransaction(original(connection)).catch(() => undefined),
    releaseConnection: (connection, options) => driver.releaseConnection(original(connection), options),
    destroy: (options) => driver.destroy(options),
  };
}
