/**
 * Removing what is large: out of its place at once by a rename, off the disk a little later. Whoever dies in between leaves
 * something in the trash, which the next start of hop3d empties.
 */
import { randomUUID } from "node:crypto";
import { chmod, lstat, mkdir, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { isNodeError } from "#core/errors.ts";
import { removeTree } from "../deploy/tree.ts";
import type { Platform } from "../platform.ts";

export type WithTrash = Pick<Platform, "layout" | "exec" | "queue" | "log">;

/** When this resolves nothing is at `path`; nothing was there is fine too. */
export async function discard(platform: WithTrash, path: string): Promise<void> {
  const { layout, exec } = platform;
  try {
    const found = await lstat(path);
    // A directory that moves to another parent must be writable itself; sealed trees are not.
    if (found.isDirectory()) await chmod(path, 0o700);
    await mkdir(layout.trash, { recursive: true, mode: 0o700 });
    await rename(path, join(layout.trash, randomUUID()));
  } catch (error) {
    if (!isNodeError(error)) throw error;
    if (error.code === "ENOENT") return;
    // A full disk has no room for a new name: it is removed where it is.
    if (error.code !== "ENOSPC" && error.code !== "EDQUOT") throw error;
    return removeTree(path, exec);
  }
  void emptyTrash(platform);
}

/** Removes what is in the trash; what cannot be removed now is said, and tried again the next time. Never rejects. */
export function emptyTrash({ layout, exec, queue, log }: WithTrash): Promise<void> {
  return queue.run("#trash", async () => {
    for (const name of await readdir(layout.trash).catch(() => [])) {
      try {
        await removeTree(join(layout.trash, name), exec);
      } catch (error) {
        log.warn("something of the trash could not be removed", { name, error });
      }
    }
  });
}
