/** Reads a log file that grows: whole lines as they come, with the offset after each. Knows nothing of what they mean. */
import { openLog } from "./log-bytes.ts";

const chunkMax = 64 * 1024;

export type FileLine = { readonly text: string; readonly end: number };

/**
 * Whole lines from byte `from` up to what is there now, at most 64 KiB of them; a longer line comes in pieces.
 * Empty when there is nothing new or no file.
 */
export async function readLines(path: string, from: number): Promise<FileLine[]> {
  await using log = await openLog(path);
  if (log === undefined) return [];
  const buffer = await log.read(from, from + chunkMax);
  const lines: FileLine[] = [];
  let start = 0;
  for (let at = buffer.indexOf(10); at !== -1; at = buffer.indexOf(10, start)) {
    lines.push({ text: buffer.toString("utf8", start, at), end: from + at + 1 });
    start = at + 1;
  }
  if (lines.length === 0 && buffer.length === chunkMax)
    return [{ text: buffer.toString("utf8"), end: from + chunkMax }];
  return lines;
}

/** The offset at which the last `count` lines begin; 0 when there are fewer, or no file. */
export async function offsetOfLastLines(path: string, count: number): Promise<number> {
  await using log = await openLog(path);
  const size = log?.size ?? 0;
  let seen = 0;
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - chunkMax);
    const buffer = (await log?.read(start, end)) ?? Buffer.alloc(0);
    for (let at = buffer.length - 1; at >= 0; at -= 1) {
      // The newline that ends the file ends its last line; it does not begin another.
      if (buffer[at] !== 10 || start + at === size - 1) continue;
      seen += 1;
      if (seen === count) return start + at + 1;
    }
    end = start;
  }
  return 0;
}
