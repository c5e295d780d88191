/** A directory as a tar stream, without what the ignore rules leave out. Nothing is read into memory whole. */
import { createReadStream, readFileSync } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { dirname, isAbsolute, join, normalize } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { defaultIgnore, ignoreMatcher } from "#core/app-config/ignore.ts";
import { AppError, isNodeError } from "#core/errors.ts";
import { quote } from "#core/names.ts";

type Entry = {
  /** Relative to the root, `/` between parts. */
  readonly path: string;
  readonly kind: "file" | "directory" | "link";
  readonly size: number;
  readonly executable: boolean;
  readonly mtime: Date;
  readonly target?: string;
};

export type Upload = {
  readonly files: number;
  /** Bytes of content, without the tar's own. */
  readonly bytes: number;
  /** Sockets, devices and pipes, which an archive cannot carry. */
  readonly skipped: readonly string[];
  /** Made at each call; reports bytes of content as they go out. */
  open(onBytes?: (sent: number) => void): Readable;
};

/** Reads the tree's shape. Throws USAGE for what is no directory, INVALID_ARCHIVE for a link that leads out of it. */
export async function readUpload(root: string, signal: AbortSignal): Promise<Upload> {
  const ignored = ignoreMatcher([...defaultIgnore, ...(await ownIgnore(root))]);
  const entries: Entry[] = [];
  const skipped: string[] = [];

  const walk = async (folder: string): Promise<void> => {
    signal.throwIfAborted();
    const names = await readdir(join(root, folder));
    for (const name of names.sort()) {
      const path = folder === "" ? name : `${folder}/${name}`;
      if (ignored(path)) continue;
      const stat = await lstat(join(root, path));
      const facts = { path, executable: (stat.mode & 0o100) !== 0, mtime: stat.mtime };
      if (stat.isDirectory()) {
        entries.push({ ...facts, kind: "directory", size: 0 });
        await walk(path);
      } else if (stat.isFile()) entries.push({ ...facts, kind: "file", size: stat.size });
      else if (stat.isSymbolicLink()) {
        const target = await readlink(join(root, path));
        requireInside(path, target);
        entries.push({ ...facts, kind: "link", size: 0, target });
      } else skipped.push(path);
    }
  };
  try {
    await walk("");
  } catch (cause) {
    if (!isNodeError(cause) || !["ENOENT", "ENOTDIR", "EACCES"].includes(cause.code ?? "")) throw cause;
    throw new AppError("USAGE", `${quote(cause.path ?? root)} cannot be read (${cause.code}).`, {
      hint: "Name the directory of the app.",
      cause,
    });
  }
  const files = entries.filter((entry) => entry.kind === "file");
  return {
    files: files.length,
    bytes: files.reduce((sum, file) => sum + file.size, 0),
    skipped,
    open: (onBytes) => Readable.from(tarOf(root, entries, onBytes ?? (() => undefined)), { objectMode: false }),
  };
}

/** `[build] ignore` of hop3.toml, where it is a list of texts; what is wrong with it the server says, with its line. */
async function ownIgnore(root: string): Promise<string[]> {
  for (const path of ["hop3/hop3.toml", "hop3.toml"]) {
    try {
      const { parse } = await import("smol-toml");
      const ignore = (parse(readFileSync(join(root, path), "utf8"))["build"] as { ignore?: unknown } | undefined)
        ?.ignore;
      return Array.isArray(ignore) ? ignore.filter((pattern) => typeof pattern === "string") : [];
    } catch {
      // Absent or not TOML.
    }
  }
  return [];
}

function requireInside(path: string, target: string): void {
  const reached = normalize(join(dirname(path), target));
  if (!isAbsolute(target) && reached !== ".." && !reached.startsWith("../")) return;
  throw new AppError("INVALID_ARCHIVE", `The link ${quote(path)} leads out of the app, to ${quote(target)}.`, {
    hint: "Replace it by a copy, or leave it out with `[build] ignore` in hop3.toml.",
  });
}

async function* tarOf(
  root: string,
  entries: readonly Entry[],
  onBytes: (sent: number) => void,
): AsyncGenerator<Uint8Array> {
  const { pack } = await import("tar-stream");
  const tar = pack();
  const filled = fill().catch((error: unknown) =>
    tar.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  try {
    yield* tar as AsyncIterable<Uint8Array>;
  } finally {
    tar.destroy();
    await filled;
  }

  async function fill(): Promise<void> {
    let sent = 0;
    for (const { path, kind, size, executable, mtime, target } of entries) {
      if (tar.destroyed) return;
      const mode = kind === "file" && !executable ? 0o644 : 0o755;
      const header = { name: path, mode, mtime, uid: 0, gid: 0 };
      if (kind === "directory") tar.entry({ ...header, type: "directory" });
      else if (kind === "link") tar.entry({ ...header, type: "symlink", linkname: target ?? "" });
      else {
        const sink = tar.entry({ ...header, type: "file", size });
        if (size === 0) {
          sink.end(undefined);
          continue;
        }
        // What grows meanwhile is cut at the size its header gave; what shrinks makes tar-stream throw.
        const source = createReadStream(join(root, path), { end: size - 1 });
        source.on("data", (chunk) => onBytes((sent += chunk.length)));
        await pipeline(source, sink as unknown as NodeJS.WritableStream).catch((cause: unknown) => {
          throw new AppError("INVALID_ARCHIVE", `${quote(path)} changed while it was uploaded.`, {
            cause,
            hint: "Try again.",
          });
        });
      }
    }
    tar.finalize();
  }
}
