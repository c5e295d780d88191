/**
 * Step 1, receive: an uploaded tar becomes the tree of a build.
 *
 * The archive is hostile until proved otherwise. Nothing is written outside the tree: names are checked before they are
 * joined, files are created exclusively below folders that this run made, and links are made only after the last file,
 * so that no file can be written through one. What is refused leaves an error and no tree.
 */
import { constants } from "node:fs";
import { mkdir, open, realpath, symlink } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract, type Entry } from "tar-stream";
import { AppError, isNodeError, toAppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";

export type ReceiveLimits = {
  /** Bytes of all files together, unpacked. */
  readonly bytes: number;
  /** Entries of any kind. */
  readonly entries: number;
};

export const receiveLimits: ReceiveLimits = { bytes: 1024 ** 3, entries: 100_000 };

/** Longest path inside an archive in bytes, and most folders deep. */
const pathMax = 1024;
const depthMax = 64;

export type Received = { readonly files: number; readonly bytes: number };

/**
 * Unpacks `archive` (a tar, or a gzipped one) into the new directory `tree`. Throws INVALID_ARCHIVE, TOO_LARGE,
 * DISK_FULL or CANCELED; the caller removes what was written.
 */
export async function receive(
  archive: AsyncIterable<Uint8Array>,
  tree: string,
  limits: ReceiveLimits,
  signal: AbortSignal,
): Promise<Received> {
  await mkdir(tree, { mode: 0o755 });
  const links: { name: string; target: string }[] = [];
  const seen = { entries: 0, files: 0, bytes: 0 };
  const unpack = extract({ allowUnknownFormat: false });
  const tar = await gunzipped(archive);
  const feeding = pipeline(tar, unpack, { signal }).catch((error: unknown) => error);
  try {
    for await (const entry of unpack) {
      seen.entries += 1;
      if (seen.entries > limits.entries) throw tooLarge(`The upload has more than ${limits.entries} entries.`);
      await unpackEntry(entry, tree, links, seen, limits);
      entry.resume();
    }
  } catch (error) {
    throw asReceiveError(signal.aborted ? signal.reason : error);
  }
  const fed = await feeding;
  if (fed instanceof Error) throw asReceiveError(signal.aborted ? signal.reason : fed);
  if (seen.entries === 0) throw new AppError("INVALID_ARCHIVE", "The upload holds no files.");
  await makeLinks(links, tree);
  return { files: seen.files, bytes: seen.bytes };
}

async function unpackEntry(
  entry: Entry,
  tree: string,
  links: { name: string; target: string }[],
  seen: { files: number; bytes: number },
  limits: ReceiveLimits,
): Promise<void> {
  const { name, type, size, linkname, mode } = entry.header;
  const path = checkedName(name);
  if (path === "") return; // the root folder itself
  switch (type) {
    case "directory":
      await makeFolder(join(tree, path), name);
      return;
    case "file":
    case "contiguous-file": {
      seen.files += 1;
      seen.bytes += size ?? 0;
      if (seen.bytes > limits.bytes) throw tooLarge(`The upload is larger than ${limits.bytes} bytes unpacked.`);
      await makeFolder(dirname(join(tree, path)), name);
      // Only the executable bit is taken over: never setuid, never world-writable.
      const file = await open(
        join(tree, path),
        constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
        ((mode ?? 0) & 0o100) === 0 ? 0o644 : 0o755,
      ).catch(refuseTaken(name));
      await pipeline(entry, file.createWriteStream());
      return;
    }
    case "symlink":
      if (linkname === undefined || linkname === null) throw invalid(`The link ${quote(name)} has no target.`);
      links.push({ name: path, target: linkname });
      return;
    default:
      throw invalid(`The upload holds ${quote(name)}, a ${type ?? "special"} entry; only files, folders and symbolic links are taken.`);
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

async function makeFolder(path: string, name: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 }).catch(refuseTaken(name));
}

function refuseTaken(name: string): (error: unknown) => never {
  return (error) => {
    const taken = isNodeError(error) && ["EEXIST", "ENOTDIR", "ELOOP", "EISDIR"].includes(error.code ?? "");
    throw taken ? invalid(`The upload holds ${quote(name)} twice, or as a file and as a folder.`) : error;
  };
}

/** Links come last and may point only to places inside the tree, directly and through other links. */
async function makeLinks(links: readonly { name: string; target: string }[], tree: string): Promise<void> {
  const inside = (path: string) => path === tree || path.startsWith(tree + sep);
  for (const { name, target } of links) {
    const path = join(tree, name);
    if (target.startsWith("/") || target.includes("\0") || target === "" || !inside(resolve(dirname(path), target))) {
      throw invalid(`The link ${quote(name)} points to ${quote(target)}, outside the upload.`);
    }
    await makeFolder(dirname(path), name);
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

/** Looks at the first two bytes: 1f 8b is gzip. */
async function gunzipped(archive: AsyncIterable<Uint8Array>): Promise<Readable> {
  const iterator = archive[Symbol.asyncIterator]();
  const first = await iterator.next();
  const head = first.done === true ? new Uint8Array() : first.value;
  const stream = Readable.from(
    (async function* () {
      if (head.length > 0) yield head;
      try {
        for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
      } finally {
        await iterator.return?.();
      }
    })(),
    { objectMode: false },
  );
  if (head[0] !== 0x1f || head[1] !== 0x8b) return stream;
  const gunzip = createGunzip();
  stream.on("error", (error) => gunzip.destroy(error));
  return stream.pipe(gunzip);
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
  const broken = error instanceof Error && (!isNodeError(error) || (error.code ?? "").startsWith("Z_") || error.code === "ERR_STREAM_PREMATURE_CLOSE");
  return broken ? new AppError("INVALID_ARCHIVE", "The upload is not a complete tar archive.", { cause: error }) : known;
}
