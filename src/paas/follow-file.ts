/** Reads a log file that grows: whole lines as they come, with the offset after each. Knows nothing of what they mean. */
import { open } from "node:fs/promises";
import { isNodeError } from "#core/errors.ts";

const chunkMax = 64 * 1024;

export type FileLine = { readonly text: string; readonly end: number };

/**
 * Whole lines from byte `from` up to what is there now, at most 64 KiB of them; a longer line comes in pieces.
 * Empty when there is nothing new or no file.
 */
export async function readLines(path: string, from: number): Promise<FileLine[]> {
  try {
    await using file = await open(path, "r");
    const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkMax), 0, chunkMax, from);
    const lines: FileLine[] = [];
    let start = 0;
    for (let at = buffer.indexOf(10); at !== -1 && at < bytesRead; at = buffer.indexOf(10, start)) {
      lines.push({ text: buffer.toString("utf8", start, at), end: from + at + 1 });
      start = at + 1;
    }
    if (lines.length === 0 && bytesRead === chunkMax) return [{ text: buffer.toString("utf8"), end: from + chunkMax }];
    return lines;
  } catch (error) {
    if (isNodeError(error) && error.code === "ENOENT") return [];
    throw error;
  }
}

/** The offset at which the last `count` lines begin; 0 when there are fewer, or no file. */
export async function offsetOfLastLines(path: string, count: number): Promise<number> {
  try {
    await using file = await open(path, "r");
    const { size } = await file.stat();
    let seen = 0;
    for (let end = size; end > 0;) {
      const start = Math.max(0, end - chunkMax);
      const { buffer } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
      for (let at = buffer.length - 1; at >= 0; at -= 1) {
        // The newline that ends the file ends its last line; it does not begin another.
        if (buffer[at] !== 10 || start + at === size - 1) continue;
        seen += 1;
        if (seen === count) return start + at + 1;
      }
      end = start;
    }
    return 0;
  } catch (error) {
    if (isNodeError(error) && error.code === "ENOENT") return 0;
    throw error;
  }
}
