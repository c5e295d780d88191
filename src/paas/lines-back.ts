/** Reads a log file from its end, so that the last lines of a huge one cost what they are long. */
import { open, type FileHandle } from "node:fs/promises";
import { isNodeError } from "#core/errors.ts";

const chunkMax = 64 * 1024;

/** A longer line comes in pieces. */
const lineMax = 1024 * 1024;

const newline = 10;

/** The offset after the last whole line; 0 when there is none, or no file. */
export async function endOfLines(path: string): Promise<number> {
  return withFile(path, 0, async (file) => {
    for (let end = (await file.stat()).size; end > 0;) {
      const start = Math.max(0, end - chunkMax);
      const at = (await readAt(file, start, end)).lastIndexOf(newline);
      if (at !== -1) return start + at + 1;
      end = start;
    }
    return 0;
  });
}

/**
 * The lines before byte `end`, the last ones first in batches that are each in the file's order. With `text`, a stretch
 * that does not hold it anywhere gives only its first line, which says its time: most of a file is passed over unparsed.
 */
export async function* linesBack(path: string, end: number, text?: string): AsyncGenerator<string[]> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (error) {
    if (isNodeError(error) && error.code === "ENOENT") return;
    throw error;
  }
  try {
    // The end of a line whose beginning has not been seen.
    let rest: Buffer = Buffer.alloc(0);
    for (let at = end; at > 0;) {
      const start = Math.max(0, at - chunkMax);
      const bytes = Buffer.concat([await readAt(file, start, at), rest]);
      at = start;
      const first = start === 0 ? 0 : bytes.indexOf(newline) + 1;
      const cut = first === 0 && start > 0 ? bytes.length : first;
      rest = bytes.subarray(0, cut);
      if (rest.length > lineMax) {
        yield [rest.toString("utf8").replace(/\n$/, "")];
        rest = Buffer.alloc(0);
      }
      const whole = bytes.subarray(cut);
      if (whole.length > 0) yield text === undefined || whole.includes(text) ? split(whole) : [firstOf(whole)];
    }
  } finally {
    await file.close();
  }
}

function split(bytes: Buffer): string[] {
  return bytes.toString("utf8").replace(/\n$/, "").split("\n");
}

function firstOf(bytes: Buffer): string {
  const end = bytes.indexOf(newline);
  return bytes.toString("utf8", 0, end === -1 ? bytes.length : end);
}

/** Fewer bytes when the file became shorter meanwhile. */
async function readAt(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(end - start);
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

async function withFile<Result>(path: string, otherwise: Result, work: (file: FileHandle) => Promise<Result>) {
  try {
    await using file = await open(path, "r");
    return await work(file);
  } catch (error) {
    if (isNodeError(error) && error.code === "ENOENT") return otherwise;
    throw error;
  }
}
