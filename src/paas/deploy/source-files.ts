/** The read-only view of an uploaded tree that builders get. It follows no link: a package.json may point anywhere. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import type { SourceFiles } from "#core/plugin.ts";

/** Largest file that a builder may read, in bytes; a larger one counts as absent. */
const readMax = 1024 * 1024;

/** The view of one folder of the tree; `directory` was checked to be a plain relative path. */
export function filesBelow(files: SourceFiles, directory: string): SourceFiles {
  if (directory === ".") return files;
  const below = (path: string) => `${directory}/${path}`;
  return {
    exists: (path) => files.exists(below(path)),
    read: (path) => files.read(below(path)),
    list: (path) => files.list(below(path)),
  };
}

export function sourceFiles(tree: string): SourceFiles {
  const inside = (path: string): string | undefined => {
    const parts = path.split("/").filter((part) => part !== "" && part !== ".");
    if (path.startsWith("/") || path.includes("\0") || parts.includes("..")) return undefined;
    let at = tree;
    // Every folder on the way must be a real one; the last part is checked by who uses it.
    for (const part of parts.slice(0, -1)) {
      at = join(at, part);
      if (lstatSync(at, { throwIfNoEntry: false })?.isDirectory() !== true) return undefined;
    }
    return join(tree, ...parts);
  };
  return {
    exists(path) {
      const full = inside(path);
      return full !== undefined && lstatSync(full, { throwIfNoEntry: false }) !== undefined;
    },
    read(path) {
      const full = inside(path);
      return full === undefined ? undefined : readRegular(full);
    },
    list(path) {
      const full = inside(path);
      if (full === undefined || lstatSync(full, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
      return readdirSync(full, { withFileTypes: true })
        .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
        .toSorted();
    },
  };
}

function readRegular(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile() || stat.size > readMax) return undefined;
    const bytes = Buffer.alloc(stat.size);
    let length = 0;
    for (let got = -1; got !== 0 && length < bytes.length; length += got)
      got = readSync(file, bytes, length, bytes.length - length, null);
    return bytes.toString("utf8", 0, length);
  } finally {
    closeSync(file);
  }
}
