/**
 * A directory of this machine as the planners read it (core/import/plan.ts). Nothing is followed: a link in any part of a
 * path is a link and not what it points to, so nothing outside is ever read.
 */
import {
  closeSync,
  constants,
  cpSync,
  fstatSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ImportTree } from "#core/import/plan.ts";

const fileMax = 1024 * 1024;
const namesMax = 5000;

/** Rows of one table, and bytes of a database. */
const rowsMax = 100_000;
const databaseMax = 512 * 1024 * 1024;

type Rows = readonly Readonly<Record<string, string | null>>[];

/** Loads SQLite once a table is asked for. */
export async function readTree(root: string): Promise<ImportTree> {
  const { DatabaseSync } = await import("node:sqlite");
  const kind = (path: string): ReturnType<ImportTree["kind"]> => {
    let found: ReturnType<ImportTree["kind"]> = "folder";
    let at = root;
    for (const part of path === "." ? [] : path.split("/")) {
      if (found !== "folder" || part === "" || part === "." || part === "..") return undefined;
      at = join(at, part);
      const stat = lstatSync(at, { throwIfNoEntry: false });
      if (stat === undefined) return undefined;
      found = stat.isSymbolicLink() ? "link" : stat.isDirectory() ? "folder" : stat.isFile() ? "file" : "other";
    }
    return found;
  };
  const quietly = <Result>(work: () => Result): Result | undefined => {
    try {
      return work();
    } catch {
      // May not be read: to the planner it is as good as not there, and it says so of files.
      return undefined;
    }
  };
  return {
    kind: (path) => quietly(() => kind(path)),
    list: (path) =>
      quietly(() => (kind(path) === "folder" ? readdirSync(join(root, path)).sort().slice(0, namesMax) : [])) ?? [],
    read: (path) => quietly(() => (kind(path) === "file" ? readText(join(root, path)) : undefined)),
    rows: (path, table) =>
      quietly(() => {
        if (kind(path) !== "file" || lstatSync(join(root, path)).size > databaseMax) return undefined;
        return readRows(join(root, path), table);
      }),
  };

  /** From a copy: SQLite writes beside what it opens, and this directory is somebody else's. */
  function readRows(file: string, table: string): Rows | undefined {
    const folder = mkdtempSync(join(tmpdir(), "hop3-import-"));
    try {
      const copy = join(folder, "copy.db");
      for (const end of ["", "-wal"]) {
        if (lstatSync(`${file}${end}`, { throwIfNoEntry: false })?.isFile() === true)
          cpSync(`${file}${end}`, `${copy}${end}`);
      }
      const database = new DatabaseSync(copy, { allowExtension: false });
      try {
        // A view or a generated column of a hostile file may not call anything.
        database.exec("pragma trusted_schema = off; pragma query_only = on");
        const known = database.prepare("select 1 from sqlite_master where type = 'table' and name = ?").get(table);
        if (known === undefined) return undefined;
        const rows = database.prepare(`select * from "${table.replaceAll('"', '""')}" limit ${rowsMax}`).all();
        return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, asText(value)])));
      } finally {
        database.close();
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

function asText(value: unknown): string | null {
  return typeof value === "string" || typeof value === "number" || typeof value === "bigint" ? String(value) : null;
}

/** Undefined for what is too large or not UTF-8. */
function readText(path: string): string | undefined {
  // Between the look and this somebody may have put a link in its place.
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!fstatSync(file).isFile()) return undefined;
    const bytes = Buffer.alloc(fileMax + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(file, bytes, length, bytes.length - length, null);
    }
    if (length > fileMax) return undefined;
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length));
    return text.includes("\0") ? undefined : text;
  } finally {
    closeSync(file);
  }
}

/** Where dokku keeps what is not beside the apps, for a directory in or below its home. */
export function dokkuConfigOf(directory: string): string | undefined {
  const home = ["/home/dokku", "/var/lib/dokku/home/dokku"].find(
    (one) => directory === one || dirname(directory) === one,
  );
  return home === undefined ? undefined : "/var/lib/dokku/config";
}
