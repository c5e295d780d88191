/** Reads a log file from its end, so that the last lines of a huge one cost what they are long. */
import { openLog } from "./log-bytes.ts";

const chunkMax = 64 * 1024;

/** A longer line comes in pieces. */
const lineMax = 1024 * 1024;

const newline = 10;

/** The offset after the last whole line; 0 when there is none, or no file. */
export async function endOfLines(path: string): Promise<number> {
  await using log = await openLog(path);
  for (let end = log?.size ?? 0; end > 0;) {
    const start = Math.max(0, end - chunkMax);
    const at = (await log?.read(start, end))?.lastIndexOf(newline) ?? -1;
    if (at !== -1) return start + at + 1;
    end = start;
  }
  return 0;
}

/**
 * The lines before byte `end`, the last ones first in batches that are each in the file's order. With `text`, a stretch
 * that does not hold it anywhere gives only its first line, which says its time: most of a file is passed over unparsed.
 */
export async function* linesBack(path: string, end: number, text?: string): AsyncGenerator<string[]> {
  await using log = await openLog(path);
  if (log === undefined) return;
  // The end of a line whose beginning has not been seen.
  let rest: Buffer = Buffer.alloc(0);
  for (let at = end; at > 0;) {
    const start = Math.max(0, at - chunkMax);
    const bytes = Buffer.concat([await log.read(start, at), rest]);
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
}

function split(bytes: Buffer): string[] {
  return bytes.toString("utf8").replace(/\n$/, "").split("\n");
}

function firstOf(bytes: Buffer): string {
  const end = bytes.indexOf(newline);
  return bytes.toString("utf8", 0, end === -1 ? bytes.length : end);
}
