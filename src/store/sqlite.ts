/** Kysely over node:sqlite. The only file that knows node:sqlite. */
import { chmodSync, closeSync, openSync, statSync } from "node:fs";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { AppError } from "#core/errors.ts";
import { SqliteDialect, type SqliteDatabase } from "kysely";

/** How long SQLite itself waits for a lock, in milliseconds, with the whole process standing still; dialect.ts waits on. */
const busyTimeout = 10;

/** Opens the file, or makes it where it may, with mode 0600; its `-wal` and `-shm` files take the mode over. */
export function openSqlite(file: string, mayCreate: boolean): SqliteDialect {
  if (!mayCreate && statSync(file, { throwIfNoEntry: false }) === undefined) throw gone();
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
  return new SqliteDialect({ database: adapt(database, file) });
}

function gone(): AppError {
  return new AppError("STORE_FAILED", "The database file is gone, or another one is in its place.", {
    hint: "Put it back where it was, with its -wal file if there is one. For another one, restart the server.",
  });
}

function adapt(database: DatabaseSync, file: string): SqliteDatabase {
  const opened = statSync(file);
  // SQLite would go on in a file that has no name any more, and all that is written there is lost at the next start.
  const requireFile = (): void => {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found?.ino !== opened.ino || found.dev !== opened.dev) throw gone();
  };
  return {
    close: () => database.close(),
    prepare(text) {
      if (text !== "rollback") requireFile();
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
