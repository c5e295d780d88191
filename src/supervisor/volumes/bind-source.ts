/**
 * Which directories of the server an app may be given: none but those that root has listed, and what lies in them. A path
 * is bound by its name, so each directory on its way must be one in which nobody but root can put another in its place.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { isNodeError } from "#core/errors.ts";
import type { Layout } from "#core/layout.ts";
import { isBindSource, overlaps } from "#core/volume.ts";

/** Bytes. */
const listMax = 64 * 1024;
const othersWrite = 0o022;

/** Where `source` really is, or why it may not be had, for people. Looked at anew each time: `list` is one path a line. */
export function bindSource(
  list: string,
  layout: Pick<Layout, "root" | "run">,
  source: string,
): { readonly path: string } | { readonly refused: string } {
  const refused = (why: string): { refused: string } => ({ refused: `${source} cannot be bound: ${why}.` });
  const allowed = readList(list);
  if (typeof allowed === "string") return refused(allowed);
  const path = realPath(source);
  if (path === undefined) return refused("there is no such directory");
  const isAllowed = allowed.some((entry) => {
    const real = realPath(entry);
    return real !== undefined && real !== "/" && (path === real || path.startsWith(`${real}/`));
  });
  if (!isAllowed) return refused(`${list} does not name it`);
  // As its links lead to it a path may have other letters than a record's.
  if (!isBindSource(path)) return refused("it is somewhere else than its path says");
  for (const own of [layout.root, layout.run, dirname(list)]) {
    if (overlaps(path, realPath(own) ?? own)) return refused("it holds what is Hop3's own");
  }
  const open = changeable(path);
  return open === undefined ? { path } : refused(open);
}

/** Its entries, or why it is not believed. */
function readList(list: string): readonly string[] | string {
  let fd: number;
  try {
    fd = openSync(list, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isNodeError(error) && error.code === "ENOENT") return `${list} does not name it`;
    return `${list} cannot be read`;
  }
  try {
    const { uid, mode, size } = fstatSync(fd);
    if (!fstatSync(fd).isFile() || uid !== 0 || (mode & othersWrite) !== 0) return `${list} is not root's alone`;
    if (size > listMax) return `${list} is longer than ${listMax} bytes`;
    const bytes = Buffer.alloc(size);
    const text = bytes.toString("utf8", 0, readSync(fd, bytes));
    return text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line.startsWith("/"));
  } finally {
    closeSync(fd);
  }
}

/** Why somebody could put something else in its place; undefined when nobody but root can. What it holds is another matter. */
function changeable(path: string): string | undefined {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return "it is no directory";
  for (let at = dirname(path); ; at = dirname(at)) {
    const facts = lstatSync(at, { throwIfNoEntry: false });
    if (facts?.isDirectory() !== true) return `${at} is no directory`;
    if (facts.uid !== 0 || (facts.mode & othersWrite) !== 0) return `others than root may change ${at}, which has it`;
    if (at === "/") return undefined;
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if (isNodeError(error)) return undefined;
    throw error;
  }
}
