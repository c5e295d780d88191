/** A dialect whose driver throws nothing but AppErrors, whichever query or transaction fails. */
import type { DatabaseConnection, Dialect, Driver } from "kysely";
import { storeError } from "./failures.ts";

export function withStoreErrors(dialect: Dialect): Dialect {
  return {
    createDriver: () => wrapDriver(dialect.createDriver()),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
  };
}

function wrapDriver(driver: Driver): Driver {
  // Kysely knows a connection by identity, so each has one wrapper for its life.
  const wrappers = new WeakMap<DatabaseConnection, DatabaseConnection>();
  const originals = new WeakMap<DatabaseConnection, DatabaseConnection>();
  const wrap = (connection: DatabaseConnection): DatabaseConnection => {
    const wrapper = wrappers.get(connection) ?? {
      executeQuery: (compiled, options) => mapped(connection.executeQuery(compiled, options)),
      streamQuery: (compiled, chunk, options) => connection.streamQuery(compiled, chunk, options),
    };
    wrappers.set(connection, wrapper);
    originals.set(wrapper, connection);
    return wrapper;
  };
  const original = (wrapper: DatabaseConnection) => originals.get(wrapper) ?? wrapper;
  return {
    init: (options) => mapped(driver.init(options)),
    acquireConnection: async (options) => wrap(await mapped(driver.acquireConnection(options))),
    beginTransaction: (connection, settings) => mapped(driver.beginTransaction(original(connection), settings)),
    commitTransaction: (connection) => mapped(driver.commitTransaction(original(connection))),
    // The error that led here says more than that the way back failed too; a lost connection rolls back by itself.
    rollbackTransaction: (connection) => driver.rollbackTransaction(original(connection)).catch(() => undefined),
    releaseConnection: (connection, options) => driver.releaseConnection(original(connection), options),
    destroy: (options) => driver.destroy(options),
  };
}

async function mapped<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw storeError(error);
  }
}
