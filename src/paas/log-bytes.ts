/**
 * The bytes of a log, wherever they lie: in the plain file, or in the compressed one that takes its place when it is
 * finished (#supervisor/output/seek-table.ts). Offsets are the same in both, so who reads does not notice when one becomes
 * the other. Of a compressed log one frame at a time is in memory.
 */
import { open, type FileHandle } from "node:fs/promises";
import { promisify } from "node:util";
import { zstdDecompress } from "node:zlib";
import { AppError, isNodeError } from "#core/errors.ts";
import { compressedEnding } from "#supervisor/output/part-name.ts";
import { decodeTable, footerBytes, tableBytes, type Frame } from "#supervisor/output/seek-table.ts";

export type LogBytes = AsyncDisposable & {
  readonly size: number;
  /** From `start` to before `end`; fewer when there are no more. */
  read(start: number, end: number): Promise<Buffer>;
};

const decompress = promisify(zstdDecompress);

/**
 * By the path of the plain file. Undefined when there is neither. Throws INTERNAL when a compressed one is
 * damaged, then or while it is read.
 */
export async function openLog(path: string): Promise<LogBytes | undefined> {
  // In this order: the compressed one is whole before the plain one goes.
  const plain = await openIfThere(path);
  if (plain !== undefined) return plainLog(plain);
  const compressed = await openIfThere(`${path}${compressedEnding}`);
  return compressed === undefined ? undefined : await compressedLog(compressed, path);
}

async function plainLog(file: FileHandle): Promise<LogBytes> {
  return {
    size: (await file.stat()).size,
    read: (start, end) => readAt(file, start, end),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

async function compressedLog(file: FileHandle, path: string): Promise<LogBytes> {
  try {
    const frames = await readTable(file, path);
    let last: { readonly index: number; readonly bytes: Buffer } | undefined;
    const frame = async (index: number): Promise<Buffer> => {
      if (last?.index === index) return last.bytes;
      const found = frames[index];
      if (found === undefined) return Buffer.alloc(0);
      last = undefined;
      const stored = await readAt(file, found.storedAt, found.storedAt + found.stored);
      const bytes = await decompress(stored, { maxOutputLength: found.bytes }).catch((cause: unknown) => {
        throw damaged(path, cause);
      });
      if (bytes.length !== found.bytes) throw damaged(path);
      last = { index, bytes };
      return bytes;
    };
    return {
      size: frames.at(-1)?.end ?? 0,
      async read(start, end) {
        const found: Buffer[] = [];
        for (const [index, one] of frames.entries()) {
          if (one.end <= start || one.start >= end) continue;
          const bytes = await frame(index);
          found.push(bytes.subarray(Math.max(0, start - one.start), Math.min(one.bytes, end - one.start)));
        }
        return found.length === 1 ? (found[0] ?? Buffer.alloc(0)) : Buffer.concat(found);
      },
      [Symbol.asyncDispose]: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

type PlacedFrame = Frame & { readonly start: number; readonly end: number; readonly storedAt: number };

async function readTable(file: FileHandle, path: string): Promise<PlacedFrame[]> {
  const { size } = await file.stat();
  const length = tableBytes(await readAt(file, Math.max(0, size - footerBytes), size));
  const table = length === undefined ? undefined : decodeTable(await readAt(file, size - length, size), size);
  if (table === undefined) throw damaged(path);
  let [end, storedAt] = [0, 0];
  return table.map((frame) => {
    const placed = { ...frame, start: end, end: end + frame.bytes, storedAt };
    end = placed.end;
    storedAt += frame.stored;
    return placed;
  });
}

function damaged(path: string, cause?: unknown): AppError {
  return new AppError("INTERNAL", "A compressed log is damaged.", {
    cause: cause ?? new Error(`${path}${compressedEnding}`),
  });
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (isNodeError(error) && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Fewer bytes when the file became shorter meanwhile. */
async function readAt(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(Math.max(0, end - start));
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}
