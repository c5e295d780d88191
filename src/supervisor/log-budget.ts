/**
 * The bound of all logs in one place together (log-files.ts): an app of many processes, or one that ends and starts again
 * and again, must not fill the disk by what it says. A single run has a bound of its own, and is cut into files
 * (output/log-reader.ts); here the oldest files of all runs go until the rest fits. What counts is what they take of the
 * disk, compressed as they are. What is being written never goes, so each run that is under way may be above the budget by
 * its present file.
 */
import { existsSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Layout } from "#core/layout.ts";
import type { LogPlace } from "./log-files.ts";
import { listNames, listParts, within, type LogPart } from "./log-parts.ts";
import type { OwnLog } from "./own-log.ts";

/** True until the last line of the run is in its log: until then it has a directory of its own (run.ts). */
export function isUnderWay({ supervisor }: Layout, run: string): boolean {
  const id = run.slice(run.indexOf("-") + 1);
  return ["instances", "services"].some((kind) => existsSync(join(supervisor, kind, id, run)));
}

/** Sync and short; follows no link. What cannot be removed is said, and stays until the next time. */
export function keepLogsWithin(logs: LogPlace, bytes: number, isInUse: (run: string) => boolean, log: OwnLog): void {
  try {
    const parts = listParts(logs, isInUse);
    let total = parts.reduce((sum, part) => sum + part.bytes, 0);
    for (const part of parts.filter(({ isWritten }) => !isWritten).toSorted(byAge)) {
      if (total <= bytes) break;
      total -= part.bytes;
      remove(logs, part);
    }
  } catch (error) {
    log("the logs could not be kept within their bound", { place: logs.below.join("/"), reason: String(error) });
  }
}

/** Runs that ended before those under way, then by the start of the run (log-files.ts), whatever the files' times say. */
function byAge(a: LogPart, b: LogPart): number {
  if (a.isOfUse !== b.isOfUse) return a.isOfUse ? 1 : -1;
  if (a.directory[1] !== b.directory[1]) return a.directory[1] < b.directory[1] ? -1 : 1;
  return a.number - b.number;
}

function remove(logs: LogPlace, { directory, names }: LogPart): void {
  within(logs, directory, undefined, (path) => names.forEach((name) => rmSync(join(path, name), { force: true })));
  const [process, run] = directory;
  // A run, or a process, that has nothing left goes too; one that has something stays, and says so.
  if (listNames(logs, directory).length === 0) within(logs, [process], undefined, (path) => rmdirSync(join(path, run)));
  if (listNames(logs, [process]).length === 0) within(logs, [], undefined, (path) => rmdirSync(join(path, process)));
}
