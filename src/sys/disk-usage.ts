/**
 * How much of the disk a directory takes: a walk that follows no link, stays on one file system, counts what is linked
 * several times once, and leaves the processor and the disk to others in between.
 */
import { lstat, opendir } from "node:fs/promises";
import type { BigIntStats } from "node:fs";
import { isNodeError } from "#core/errors.ts";

export type DiskUsage = {
  /** As the disk holds them. */
  readonly bytes: number;
  /** Files, folders and links. */
  readonly files: number;
  /** Folders and files that may not be looked at. */
  readonly unreadable: number;
};

type Path = Buffer<ArrayBuffer>;

/** Entries between two rests, and how many are asked for at a time. */
const restEvery = 2000;
const together = 32;

/** Nothing at `path` takes nothing. `seen` are files with several links, shared by walks whose sum is wanted. */
export async function diskUsage(path: string, rest: () => Promise<void>, seen = new Set<string>()): Promise<DiskUsage> {
  let bytes = 0;
  let files = 0;
  let unreadable = 0;
  const count = (stat: BigIntStats): void => {
    files += 1;
    if (stat.nlink > 1n && !stat.isDirectory()) {
      const key = `${stat.dev}:${stat.ino}`;
      if (seen.has(key)) return;
      seen.add(key);
    }
    bytes += Number(stat.blocks) * 512;
  };
  const root = await look(Buffer.from(path));
  if (root === undefined) return { bytes, files, unreadable };
  if (root === "unreadable") return { bytes, files, unreadable: 1 };
  count(root);
  const folders = root.isDirectory() ? [Buffer.from(path)] : [];
  for (let rested = 0, folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const within = folder;
    try {
      for await (const batch of batches(within)) {
        const stats = await Promise.all(batch.map(async (entry) => ({ entry, stat: await look(entry) })));
        for (const { entry, stat } of stats) {
          if (stat === undefined) continue;
          if (stat === "unreadable") {
            unreadable += 1;
            continue;
          }
          count(stat);
          if (stat.isDirectory() && stat.dev === root.dev) folders.push(entry);
        }
        if (files - rested < restEvery) continue;
        rested = files;
        await rest();
      }
    } catch (error) {
      if (!isNodeError(error)) throw error;
      if (!isGone(error)) unreadable += 1;
    }
  }
  return { bytes, files, unreadable };
}

/** Paths of entries as bytes: a name need not be UTF-8. */
async function* batches(folder: Path): AsyncGenerator<Path[]> {
  // The types know text alone.
  const entries = await opendir(folder, { encoding: "buffer" as BufferEncoding, bufferSize: together });
  let batch: Path[] = [];
  for await (const entry of entries) {
    batch.push(Buffer.concat([folder, slash, entry.name as unknown as Buffer]));
    if (batch.length < together) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

const slash = Buffer.from("/");

async function look(path: Path): Promise<BigIntStats | "unreadable" | undefined> {
  return lstat(path, { bigint: true }).catch((error: unknown) => {
    if (!isNodeError(error)) throw error;
    // A path that is too long for the kernel is there, but out of our reach.
    return isGone(error) ? undefined : "unreadable";
  });
}

/** What is removed while we look takes nothing. */
function isGone({ code }: NodeJS.ErrnoException): boolean {
  return code === "ENOENT" || code === "ENOTDIR";
}
