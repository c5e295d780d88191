/** Kysely over node:sqlite. The only file that knows node:sqlite. */
import { chmodSync, closeSync, openSync } from "node:fs";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { SqliteDialect, type SqliteDatabase } from "kysely";

/** How long SQLite itself waits for a lock, in milliseconds, with the whole process standing still; dialect.ts waits on. */
const busyTimeout = 10;

/** Opens or makes the file, with mode 0600; its `-wal` and `-shm` files take the mode over. */
export function openSqlite(file: string): SqliteDialect {
  closeSync(openSync(file, "a", 0o600));
  chmodSync(file, 0o600);
  const database = new DatabaseSync(file, { timeout: busyTimeout, enableForeignKeyConstraints: true });
  try {
    database.exec("pragma journal_mode = wal");
    database.exec("pragma synchronous = normal");
  } catch (error) {
    database.close();
    throw error;
  }
  return new SqliteDialect({ database: adapt(database) });
}

function adapt(database: DatabaseSync): SqliteDatabase {
  return {
    close: () => database.close(),
    prepare(text) {
      // SQLite takes a transaction back by itself when the disk is full; a second rollback would hide why.
      if (text === "rollback" && !database.isTransaction) return nothing;
      // A transaction that reads first and writes later fails when somebody wrote in between; this one waits at its start.
      const statement = database.prepare(text === "begin" ? "begin immediate" : text);
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
        run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
        iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
      };
    },
  };
}

const nothing = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [].values(),
};
