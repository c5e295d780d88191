/** The end of a log file, for an error that shows the lines that matter. */
import { open } from "node:fs/promises";
import { isNodeError } from "#core/errors.ts";

/** Bytes looked at; a single longer line is cut. */
const windowMax = 16 * 1024;

/** At most `count` lines of text without time stamps; empty when there is no file. */
export async function lastLines(path: string, count: number): Promise<string[]> {
  try {
    await using file = await open(path, "r");
    const { size } = await file.stat();
    const from = Math.max(0, size - windowMax);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    const lines = buffer
      .toString("utf8", 0, bytesRead)
      .split("\n")
      .filter((line) => line !== "");
    return (from > 0 ? lines.slice(1) : lines)
      .slice(-count)
      .map((line) => line.replace(/^\S+ (?:out|err|sys) /, "").slice(0, 500));
  } catch (error) {
    if (isNodeError(error) && error.code === "ENOENT") return [];
    throw error;
  }
}
