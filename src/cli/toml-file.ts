/**
 * The client's own files in TOML. They are written whole, 0600, synced and renamed into place, one writer at a time; what
 * cannot be read is one error that names the file and the line, and never what stands there, for it may be a token.
 */
import { mkdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { AppError, isNodeError } from "#core/errors.ts";
import { writeFileAtomic } from "#sys/atomic-file.ts";
import { withFileLock } from "#sys/file-lock.ts";

export type Table = Readonly<Record<string, unknown>>;

/** Bytes. */
export const tomlMax = 1024 * 1024;

/** No file is undefined. With `secret`, one that others can read is refused. Throws INVALID_CONFIG. */
export async function readTomlFile(path: string, secret = false): Promise<Table | undefined> {
  const text = readText(path, secret);
  if (text === undefined) return undefined;
  const { parse, TomlError } = await import("smol-toml");
  try {
    return parse(text);
  } catch (cause) {
    const line = cause instanceof TomlError ? `, line ${cause.line},` : "";
    throw badFile(path, `${path}${line} is not valid TOML`, cause);
  }
}

/**
 * Reads, changes and replaces it under a lock, so that of two at once both are kept. `change` gives the new whole; undefined
 * leaves the file as it is. Through a link, what it leads to is replaced. Throws as `readTomlFile` does, and UNAVAILABLE.
 */
export async function changeTomlFile(
  path: string,
  change: (table: Table) => Table | undefined,
  secret = false,
): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const target = followed(path);
  await withFileLock(target, async () => {
    const changed = change((await readTomlFile(target, secret)) ?? {});
    if (changed === undefined) return;
    const { stringify } = await import("smol-toml");
    writeFileAtomic(target, stringify(changed), 0o600);
  });
}

/** A table inside of a table. Throws INVALID_CONFIG where something else stands. */
export function tableAt(file: string, table: Table, key: string): Table {
  const found = Object.hasOwn(table, key) ? table[key] : {};
  if (isTable(found)) return found;
  throw badFile(file, `${file}: \`${key}\` is no table`);
}

/** Undefined when it is not there. Throws INVALID_CONFIG where something else stands. */
export function textAt(file: string, table: Table, key: string, where: string): string | undefined {
  const found = Object.hasOwn(table, key) ? table[key] : undefined;
  if (found === undefined || typeof found === "string") return found;
  throw badFile(file, `${file}: ${where} must be a text`);
}

export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

export function badFile(path: string, message: string, cause?: unknown): AppError {
  return new AppError("INVALID_CONFIG", `${message}.`, { hint: `Mend ${path}, or move it away.`, cause });
}

function readText(path: string, secret: boolean): string | undefined {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw badFile(path, `${path} is no file`);
    if (stat.size > tomlMax) throw badFile(path, `${path} is larger than 1 MiB`);
    if (secret && (stat.mode & 0o077) !== 0) {
      throw new AppError("INVALID_CONFIG", `${path} can be read by others, and it holds tokens.`, {
        hint: `chmod 600 ${path}`,
      });
    }
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (isNodeError(error) && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
    const code = isNodeError(error) ? ` (${error.code})` : "";
    throw badFile(path, `${path} cannot be read${code}`, error);
  }
}

function followed(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
