/**
 * Step 1, receive: an uploaded tar becomes the tree of a build.
 *
 * The archive is hostile until proved otherwise. Nothing is written outside the tree: names are checked before they are
 * joined, files are created exclusively below folders that this run made, and links are made only after the last file,
 * so that no file can be written through one. What is refused leaves an error and no tree.
 */
import { constants } from "node:fs";
import { mkdir, open, readdir, realpath, rename, rmdir, symlink } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { extract, type Extract, type Header } from "tar-stream";
import { AppError, isNodeError, toAppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { unpacked } from "./unpacked.ts";

export type ReceiveLimits = {
  /** Bytes of all files together, unpacked. */
  readonly bytes: number;
  /** Entries of any kind, and folders that their names imply. */
  readonly entries: number;
  /** Asked every now and then while bytes come; its error ends the upload. */
  readonly requireRoom?: () => Promise<void>;
};

export const receiveLimits: ReceiveLimits = { bytes: 1024 ** 3, entries: 100_000 };

/** Longest path inside an archive and longest link in bytes, and most folders deep. */
const pathMax = 1024;
const depthMax = 64;

/** Bytes that come between two looks at what is free. */
const lookEvery = 8 * 1024 * 1024;

type Seen = { entries: number; files: number; bytes: number };

export type Received = { readonly files: number; readonly bytes: number };

/**
 * Unpacks `archive` (a tar, by itself or in gzip or zstd) into the new directory `tree`. With `strip` a single folder that
 * holds everything, as forges pack it, is taken off. Throws INVALID_ARCHIVE, TOO_LARGE, DISK_FULL or CANCELED; the caller
 * removes what was written.
 */
export async function receive(
  archive: AsyncIterable<Uint8Array>,
  tree: string,
  limits: ReceiveLimits,
  signal: AbortSignal,
  strip = false,
): Promise<Received> {
  await mkdir(tree, { mode: 0o755 });
  const links: { name: string; target: string }[] = [];
  const seen: Seen = { entries: 0, files: 0, bytes: 0 };
  const unpack = extract();
  const fed = feed(bounded(unpacked(archive), limits), unpack, signal);
  // It is awaited below; until then its failure must not count as unhandled.
  fed.catch(() => undefined);
  try {
    for await (const entry of unpack) {
      seen.entries += 1;
      if (seen.entries > limits.entries) throw tooLarge(`The upload has more than ${limits.entries} entries.`);
      await unpackEntry(entry.header, entry as AsyncIterable<Uint8Array>, tree, links, seen, limits);
      entry.resume();
    }
    await fed;
  } catch (error) {
    // A loop that is left ends the feeding, and the other way round; what broke the feeding says more.
    unpack.destroy(new Error("left"));
    const broken = await fed.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    throw asReceiveError(signal.aborted ? signal.reason : error instanceof AppError ? error : (broken ?? error));
  }
  if (seen.entries === 0) throw new AppError("INVALID_ARCHIVE", "The upload holds no files.");
  const top = strip ? await singleFolder(tree, links) : undefined;
  // Before the links are made: what each may point to is what is left.
  if (top !== undefined) await takeOff(tree, top);
  await makeLinks(
    top === undefined ? links : links.map((link) => ({ ...link, name: link.name.slice(top.length + 1) })),
    tree,
    seen,
    limits,
  );
  return { files: seen.files, bytes: seen.bytes };
}

async function unpackEntry(
  { name, type, size, linkname, mode }: Header,
  content: AsyncIterable<Uint8Array>,
  tree: string,
  links: { name: string; target: string }[],
  seen: Seen,
  limits: ReceiveLimits,
): Promise<void> {
  const path = checkedName(name);
  if (path === "") return; // the root folder itself
  switch (type) {
    case "directory":
      await makeFolder(join(tree, path), name, seen, limits);
      return;
    case "file":
    case "contiguous-file": {
      seen.files += 1;
      seen.bytes += size;
      if (seen.bytes > limits.bytes) throw tooLarge(`The upload is larger than ${limits.bytes} bytes unpacked.`);
      await makeFolder(dirname(join(tree, path)), name, seen, limits);
      // Only the executable bit is taken over: never setuid, never world-writable.
      await using file = await open(
        join(tree, path),
        constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
        (mode & 0o100) === 0 ? 0o644 : 0o755,
      ).catch(refuseTaken(name));
      for await (const chunk of content) await file.writeFile(chunk);
      return;
    }
    case "symlink":
      // They are kept until the end, and a name of 4 MiB is a legal one.
      if (Buffer.byteLength(linkname) > pathMax) throw invalid(`The link ${quote(name)} points to too long a path.`);
      links.push({ name: path, target: linkname });
      return;
    default:
      throw invalid(
        `The upload holds ${quote(name)}, a ${type} entry; only files, folders and symbolic links are taken.`,
      );
  }
}

/** The entry's name as a clean relative path; throws for one that could leave the tree or that no file system takes. */
function checkedName(name: string): string {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  const bad =
    name.startsWith("/") ||
    name.includes("\0") ||
    Buffer.byteLength(name) > pathMax ||
    parts.length > depthMax ||
    parts.some((part) => part === ".." || Buffer.byteLength(part) > 255);
  if (bad) throw invalid(`The upload holds the name ${quote(name)}, which is not a plain path inside it.`);
  return parts.join("/");
}

/** Each folder that is made counts: one entry may imply 64 of them, and each takes an inode. */
async function makeFolder(path: string, name: string, seen: Seen, limits: ReceiveLimits): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o755 }).catch(refuseTaken(name));
  if (first === undefined) return;
  seen.entries += path.slice(first.length).split(sep).length;
  if (seen.entries > limits.entries) throw tooLarge(`The upload has more than ${limits.entries} files and folders.`);
}

function refuseTaken(name: string): (error: unknown) => never {
  return (error) => {
    const taken = isNodeError(error) && ["EEXIST", "ENOTDIR", "ELOOP", "EISDIR"].includes(error.code ?? "");
    throw taken ? invalid(`The upload holds ${quote(name)} twice, or as a file and as a folder.`) : error;
  };
}

/** The one folder that holds all entries, links among them; undefined when there is more beside it. */
async function singleFolder(tree: string, links: readonly { name: string }[]): Promise<string | undefined> {
  const tops = await readdir(tree, { withFileTypes: true });
  const [first] = tops;
  if (first === undefined || tops.length > 1 || !first.isDirectory()) return undefined;
  return links.every(({ name }) => name.startsWith(`${first.name}/`)) ? first.name : undefined;
}

async function takeOff(tree: string, top: string): Promise<void> {
  const aside = `${tree}.aside`;
  await rename(join(tree, top), aside);
  await rmdir(tree);
  await rename(aside, tree);
}

/** Links come last and may point only to places inside the tree, directly and through other links. */
async function makeLinks(
  links: readonly { name: string; target: string }[],
  tree: string,
  seen: Seen,
  limits: ReceiveLimits,
): Promise<void> {
  const inside = (path: string) => path === tree || path.startsWith(tree + sep);
  for (const { name, target } of links) {
    const path = join(tree, name);
    if (target.startsWith("/") || target.includes("\0") || target === "" || !inside(resolve(dirname(path), target))) {
      throw invalid(`The link ${quote(name)} points to ${quote(target)}, outside the upload.`);
    }
    await makeFolder(dirname(path), name, seen, limits);
    await symlink(target, path).catch(refuseTaken(name));
  }
  const root = await realpath(tree);
  for (const { name, target } of links) {
    // A chain of links may leave the tree though each one alone does not.
    const end = await realpath(join(tree, name)).catch((error: unknown) => {
      if (isNodeError(error) && error.code === "ENOENT") return root;
      throw invalid(`The link ${quote(name)} leads round in a circle.`);
    });
    const parent = await realpath(dirname(join(tree, name)));
    if ((end !== root && !end.startsWith(root + sep)) || (parent !== root && !parent.startsWith(root + sep))) {
      throw invalid(`The link ${quote(name)} points to ${quote(target)}, outside the upload.`);
    }
  }
}

/** Writes the archive into the unpacker, no faster than it is taken; ends early when the unpacker was left. */
async function feed(archive: AsyncIterable<Uint8Array>, unpack: Extract, signal: AbortSignal): Promise<void> {
  try {
    for await (const chunk of archive) {
      signal.throwIfAborted();
      if (unpack.destroyed) return;
      if (unpack.write(chunk)) continue;
      await new Promise<void>((resolve) => {
        const go = () => {
          unpack.off("drain", go);
          unpack.off("close", go);
          resolve();
        };
        unpack.on("drain", go);
        unpack.on("close", go);
      });
    }
    unpack.end(undefined);
  } catch (error) {
    unpack.destroy(error instanceof Error ? error : new Error("the upload broke off"));
    throw error;
  }
}

/**
 * Ends an archive that is mostly padding, headers of headers or content of what is no file: the unpacker takes them
 * without a word, and a megabyte of gzip makes a gigabyte of them. 4 KiB for an entry's own headers are plenty.
 */
async function* bounded(archive: AsyncIterable<Uint8Array>, limits: ReceiveLimits): AsyncGenerator<Uint8Array> {
  const most = limits.bytes + limits.entries * 4096 + 1024 * 1024;
  let bytes = 0;
  let looked = 0;
  for await (const chunk of archive) {
    bytes += chunk.byteLength;
    if (bytes - looked > lookEvery) {
      looked = bytes;
      await limits.requireRoom?.();
    }
    if (bytes > most) throw tooLarge(`The upload is larger than ${limits.bytes} bytes unpacked.`);
    yield chunk;
  }
}

function invalid(message: string): AppError {
  return new AppError("INVALID_ARCHIVE", message);
}

function tooLarge(message: string): AppError {
  return new AppError("TOO_LARGE", message);
}

/** tar-stream and zlib raise plain errors for a broken archive; the rest keeps its own code. */
function asReceiveError(error: unknown): AppError {
  const known = toAppError(error);
  if (known.code !== "INTERNAL") return known;
  const code = isNodeError(error) ? (error.code ?? "") : "";
  const broken =
    error instanceof Error &&
    (code === "" || /^(Z_|ZSTD_|ERR_ZLIB)/.test(code) || /^(ERR_)?STREAM_|PREMATURE_CLOSE/.test(code));
  return broken
    ? new AppError("INVALID_ARCHIVE", "The upload is not a complete tar archive.", { cause: error })
    : known;
}
