/**
 * What the two databases say when something goes wrong, as AppErrors: no error of a driver leaves this folder.
 * A message of a driver can hold values or the server's address, so it stays in `cause`.
 */
import { AppError, isNodeError, toAppError } from "#core/errors.ts";

/** A rule of the schema that a statement broke. Aggregates turn it into what it means to the user. */
export class BrokenRule extends AppError {
  readonly rule: "unique" | "foreign" | "check";

  constructor(rule: "unique" | "foreign" | "check", cause: unknown) {
    super("CONFLICT", "The change does not fit what is stored.", { cause });
    this.rule = rule;
  }
}

/** Gives a broken rule of `work` its meaning; everything else passes. */
export async function meaning<T>(
  work: Promise<T>,
  errors: { readonly unique?: () => AppError; readonly foreign?: () => AppError },
): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof BrokenRule && error.rule !== "check") throw errors[error.rule]?.() ?? error;
    throw error;
  }
}

/** True when SQLite's lock is held by somebody else. */
export function isLocked(error: unknown): boolean {
  return isSqliteError(error) && (primary(error) === 5 || primary(error) === 6);
}

/** Maps whatever a driver threw. */
export function storeError(error: unknown): AppError {
  const common = toAppError(error);
  if (common.code !== "INTERNAL" || common === error) return common;
  return (isSqliteError(error) ? fromSqlite(error) : fromPostgres(error)) ?? failed(error);
}

// https://sqlite.org/rescode.html: the low byte is the kind, the rest says more.
function fromSqlite(error: SqliteError): AppError | undefined {
  switch (error.errcode) {
    case 1555:
    case 2067:
      return new BrokenRule("unique", error);
    case 787:
      return new BrokenRule("foreign", error);
  }
  switch (primary(error)) {
    case 5:
    case 6:
      return new AppError("STORE_FAILED", "The database is locked by another process.", {
        hint: "Try again in a moment; only one Hop3 server may run on a database.",
        cause: error,
      });
    case 8:
      return new AppError("STORE_FAILED", "The database file cannot be written to.", { cause: error });
    case 11:
    case 26:
      return new AppError("STORE_FAILED", "The database file is damaged or is no database.", {
        hint: "Restore it from a backup.",
        cause: error,
      });
    case 13:
      return new AppError("DISK_FULL", "The disk of the database is full.", { cause: error });
    case 19:
      return new BrokenRule("check", error);
  }
  return undefined;
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html: the first two characters are the class.
function fromPostgres(error: unknown): AppError | undefined {
  if (!isNodeError(error)) return undefined;
  const code = error.code ?? "";
  if (code === "23505") return new BrokenRule("unique", error);
  if (code === "23503") return new BrokenRule("foreign", error);
  if (code.startsWith("23")) return new BrokenRule("check", error);
  if (code === "53100") return new AppError("DISK_FULL", "The disk of the database is full.", { cause: error });
  if (code.startsWith("28") || code === "3D000") {
    return new AppError("STORE_FAILED", "The PostgreSQL server does not accept this user or database.", {
      hint: "Check POSTGRES_DB_URI.",
      cause: error,
    });
  }
  return undefined;
}

function failed(cause: unknown): AppError {
  return new AppError("STORE_FAILED", "The database did not answer as it should.", { cause });
}

function primary(error: SqliteError): number {
  return error.errcode & 0xff;
}

type SqliteError = Error & { readonly errcode: number };

function isSqliteError(error: unknown): error is SqliteError {
  return (
    isNodeError(error) &&
    error.code === "ERR_SQLITE_ERROR" &&
    typeof (error as Partial<SqliteError>).errcode === "number"
  );
}
