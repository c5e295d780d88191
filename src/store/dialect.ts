/** A dialect whose driver throws nothing but AppErrors, whichever query fails, and waits for a lock without blocking. */
import { setTimeout as delay } from "node:timers/promises";
import type { DatabaseConnection, Dialect, Driver } from "kysely";
import { isLocked, storeError } from "./failures.ts";

/** How long statements are tried again while another process holds SQLite's lock, in milliseconds. */
const lockPatience = 5000;
/** A lock that was not met for so long is another one, in milliseconds. */
const lockPause = 1000;

/** A lock that was met: since when, and when last. Shared by all who wait, for they wait one after the other. */
type MetLock = { since: number; last: number };

const noLock = (): MetLock => ({ since: 0, last: -Infinity });

export function withStoreErrors(dialect: Dialect): Dialect {
  return {
    createDriver: () => wrapDriver(dialect.createDriver(), noLock()),
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
export async function patiently<T>(work: () => Promise<T> | T, lock = noLock()): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isLocked(error)) throw storeError(error);
      // Not the store's clock: a lock is held in real time.
      const now = performance.now();
      if (now - lock.last > lockPause) lock.since = now;
      lock.last = now;
      // Who comes when others have waited in vain does not begin to wait anew: the line would move by one in five seconds.
      if (now - lock.since > lockPatience) throw storeError(error);
      await delay(2 + Math.random() * 18);
    }
  }
}

function wrapDriver(driver: Driver, lock: MetLock): Driver {
  // Kysely knows a connection by identity, so each has one wrapper for its life.
  const wrappers = new WeakMap<DatabaseConnection, DatabaseConnection>();
  const originals = new WeakMap<DatabaseConnection, DatabaseConnection>();
  const wrap = (connection: DatabaseConnection): DatabaseConnection => {
    const wrapper = wrappers.get(connection) ?? {
      executeQuery: (compiled, options) => patiently(() => connection.executeQuery(compiled, options), lock),
      streamQuery: (compiled, chunk, options) => connection.streamQuery(compiled, chunk, options),
    };
    wrappers.set(connection, wrapper);
    originals.set(wrapper, connection);
    return wrapper;
  };
  const original = (wrapper: DatabaseConnection) => originals.get(wrapper) ?? wrapper;
  return {
    init: (options) => patiently(() => driver.init(options), lock),
    acquireConnection: async (options) => wrap(await patiently(() => driver.acquireConnection(options), lock)),
    beginTransaction: (connection, settings) =>
      patiently(() => driver.beginTransaction(original(connection), settings), lock),
    commitTransaction: (connection) => patiently(() => driver.commitTransaction(original(connection)), lock),
    // The error that led here says more than that the way back failed too; a lost connection rolls back by itself.
    rollbackTransaction: (connection) => driver.rollbackTransaction(original(connection)).catch(() => undefined),
    releaseConnection: (connection, options) => driver.releaseConnection(original(connection), options),
    destroy: (options) => driver.destroy(options),
  };
}
