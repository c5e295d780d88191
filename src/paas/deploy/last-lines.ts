/** The end of a log file, for an error that shows the lines that matter. */
import { openLog } from "../log-bytes.ts";

/** Bytes looked at; a single longer line is cut. */
const windowMax = 16 * 1024;

/** At most `count` lines of text without time stamps; empty when there is no file. */
export async function lastLines(path: string, count: number): Promise<string[]> {
  await using log = await openLog(path);
  if (log === undefined) return [];
  const from = Math.max(0, log.size - windowMax);
  const lines = (await log.read(from, log.size))
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "");
  return (from > 0 ? lines.slice(1) : lines)
    .slice(-count)
    .map((line) => line.replace(/^\S+ (?:out|err|sys) /, "").slice(0, 500));
}
