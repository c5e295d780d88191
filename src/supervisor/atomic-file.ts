import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Replaces a file so that a reader, and a crash at any moment, finds either the old content or the new; `durable`: over a
 * power cut too. Not sys/atomic-file.ts: the daemon loads nothing of `sys`, and slots and fence, rewritten many times a
 * second, must not wait for a disk.
 */
export function replaceFile(
  path: string,
  content: string | Uint8Array,
  options: { readonly mode?: number; readonly durable?: boolean } = {},
): void {
  const next = `${path}.next`;
  try {
    const fd = openSync(next, "w", options.mode ?? 0o600);
    try {
      writeFileSync(fd, content);
      if (options.durable === true) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(next, path);
  } catch (error) {
    rmSync(next, { force: true });
    throw error;
  }
  if (options.durable === true) syncDirectory(dirname(path));
}

/**
 * The same for several that say one thing together: all are written before the first is replaced, so that who reads one
 * after the other meets the mix of old and new for no longer than the renames take. Not durable.
 */
export function replaceFiles(
  files: readonly { readonly path: string; readonly content: string }[],
  mode: number,
): void {
  const next = files.map(({ path, content }) => ({ path, from: `${path}.next`, content }));
  try {
    for (const { from, content } of next) writeFileSync(from, content, { mode });
    for (const { from, path } of next) renameSync(from, path);
  } catch (error) {
    for (const { from } of next) rmSync(from, { force: true });
    throw error;
  }
}

/** A rename is on the disk only when its directory is. */
function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
