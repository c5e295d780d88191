/**
 * Opening what others may have written, inside a root, without following a link anywhere. Each component is opened
 * relative to the descriptor of the one before (`/proc/self/fd/N/name` is Node's openat), so swapping a directory for a
 * link between check and use gains nothing.
 */
import { closeSync, constants, fchmodSync, fstatSync, mkdirSync, openSync, readSync } from "node:fs";
import { isNodeError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { Refusal } from "./refusal.ts";

const directoryFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
// O_NONBLOCK: a FIFO in place of the file must not hang us.
const fileFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens `root/parts...` as a directory. `root` itself is ours and may be reached through links. Close the descriptor. */
export function openDirectory(root: string, parts: readonly string[]): number {
  let fd = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
  for (const part of parts) fd = step(fd, part, directoryFlags);
  return fd;
}

/**
 * As openDirectory, and makes what is missing of the last `made` components (0750). Whatever the descriptor leads to stays
 * reachable as `/proc/self/fd/N` while it is open, wherever its name is moved.
 */
export function makeDirectory(root: string, parts: readonly string[], made: number): number {
  let fd = openDirectory(root, parts.slice(0, parts.length - made));
  for (const part of parts.slice(parts.length - made)) {
    let isNew = false;
    try {
      mkdirSync(`/proc/self/fd/${fd}/${checked(part)}`, { mode: 0o750 });
      isNew = true;
    } catch (error) {
      if (!isNodeError(error) || error.code !== "EEXIST") {
        closeSync(fd);
        throw error;
      }
    }
    fd = step(fd, part, directoryFlags);
    // Whatever our mask is: who has the group of the directory above reads it.
    if (isNew) fchmodSync(fd, (fstatSync(fd).mode & 0o7000) | 0o750);
  }
  return fd;
}

/** Opens `root/parts...` to append to it, made when missing. Close the descriptor. */
export function openToAppend(root: string, parts: readonly string[]): number {
  const flags =
    constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const fd = step(openDirectory(root, parts.slice(0, -1)), parts.at(-1) ?? "", flags);
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new Refusal("invalid", `${quote(parts.at(-1) ?? "")} is not a regular file.`);
}

/** Reads the regular file `root/parts...` of at most `max` bytes. */
export function readFileInside(root: string, parts: readonly string[], max: number): string {
  const name = parts.at(-1) ?? "";
  const fd = step(openDirectory(root, parts.slice(0, -1)), name, fileFlags);
  try {
    const facts = fstatSync(fd);
    if (!facts.isFile()) throw new Refusal("invalid", `${quote(name)} is not a regular file.`);
    if (facts.size > max) throw new Refusal("invalid", `${quote(name)} is larger than ${max} bytes.`);
    const bytes = Buffer.alloc(facts.size);
    let length = 0;
    for (;;) {
      const count = readSync(fd, bytes, length, bytes.length - length, null);
      length += count;
      if (count === 0) return bytes.toString("utf8", 0, length);
    }
  } finally {
    closeSync(fd);
  }
}

/** Splits a relative path of a record; refuses an absolute one, `..` and empty components. `.` gives no component. */
export function relativeParts(path: string, where: string): string[] {
  if (path === "." || path === "") return [];
  const parts = path.split("/");
  const bad = parts.some((part) => part === "" || part === "." || part === "..");
  if (bad || path.includes("\0")) throw new Refusal("invalid", `${where} must be a relative path without "..".`);
  return parts;
}

function step(parent: number, part: string, flags: number): number {
  try {
    return openSync(`/proc/self/fd/${parent}/${checked(part)}`, flags, 0o640);
  } catch (error) {
    if (!isNodeError(error)) throw error;
    if (error.code === "ENOENT") throw new Refusal("unknown", `There is no ${quote(part)}.`);
    if (error.code === "ELOOP" || error.code === "ENOTDIR") {
      throw new Refusal("invalid", `${quote(part)} is a link or not what it should be.`);
    }
    throw new Refusal("invalid", `${quote(part)} cannot be opened (${error.code}).`);
  } finally {
    closeSync(parent);
  }
}

function checked(part: string): string {
  if (part !== "" && part !== "." && part !== ".." && !part.includes("/") && !part.includes("\0")) return part;
  throw new Refusal("invalid", `${quote(part)} is not a name.`);
}
