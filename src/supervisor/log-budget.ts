/**
 * The bound of all logs in one place together (log-files.ts): an app of many processes, or one that ends and starts again
 * and again, must not fill the disk by what it says. A single run has a bound of its own, and is cut into files
 * (output/log-reader.ts); here the oldest files of all runs go until the rest fits. What is being written never goes, so
 * each run that is under way may be above the budget by its present file.
 */
import { closeSync, existsSync, lstatSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Layout } from "#core/layout.ts";
import type { LogPlace } from "./log-files.ts";
import type { OwnLog } from "./own-log.ts";
import { openDirectory } from "./safe-path.ts";

type Part = {
  readonly directory: readonly string[];
  readonly name: string;
  readonly bytes: number;
  readonly order: string;
};

/** True until the last line of the run is in its log: until then it has a directory of its own (run.ts). */
export function isUnderWay({ supervisor }: Layout, run: string): boolean {
  const id = run.slice(run.indexOf("-") + 1);
  return ["instances", "services"].some((kind) => existsSync(join(supervisor, kind, id, run)));
}

/** Sync and short; follows no link. What cannot be removed is said, and stays until the next time. */
export function keepLogsWithin(logs: LogPlace, bytes: number, isInUse: (run: string) => boolean, log: OwnLog): void {
  try {
    const parts: Part[] = [];
    let total = 0;
    for (const process of list(logs, [])) {
      for (const run of list(logs, [process])) {
        const found = partsOf(logs, [process, run], isInUse(run));
        total += found.total;
        parts.push(...found.removable);
      }
    }
    // Runs that ended before those under way, then by the start of the run (log-files.ts), whatever the files' times say.
    for (const part of parts.toSorted((a, b) => (a.order < b.order ? -1 : 1))) {
      if (total <= bytes) break;
      total -= part.bytes;
      remove(logs, part);
    }
  } catch (error) {
    log("the logs could not be kept within their bound", { place: logs.below.join("/"), reason: String(error) });
  }
}

function partsOf(logs: LogPlace, directory: readonly string[], inUse: boolean): { total: number; removable: Part[] } {
  const numbers = list(logs, directory)
    .map(Number)
    .filter((number) => Number.isSafeInteger(number))
    .toSorted((a, b) => a - b);
  return within(logs, directory, { total: 0, removable: [] }, (path) => {
    let total = 0;
    const removable: Part[] = [];
    for (const number of numbers) {
      const bytes = (lstatSync(join(path, String(number)), { throwIfNoEntry: false })?.blocks ?? 0) * 512;
      total += bytes;
      if (inUse && number === numbers.at(-1)) continue;
      const order = `${inUse ? "b" : "a"} ${directory[1]} ${String(number).padStart(16, "0")}`;
      removable.push({ directory, name: String(number), bytes, order });
    }
    return { total, removable };
  });
}

function remove(logs: LogPlace, { directory, name }: Part): void {
  within(logs, directory, undefined, (path) => rmSync(join(path, name), { force: true }));
  const [process = "", run = ""] = directory;
  // A run, or a process, that has nothing left goes too; one that has something stays, and says so.
  if (list(logs, directory).length === 0) within(logs, [process], undefined, (path) => rmdirSync(join(path, run)));
  if (list(logs, [process]).length === 0) within(logs, [], undefined, (path) => rmdirSync(join(path, process)));
}

/** Names in a directory; none when it is none. */
function list(logs: LogPlace, directory: readonly string[]): string[] {
  return within(logs, directory, [], (path) => readdirSync(path));
}

function within<Result>(
  { root, below }: LogPlace,
  directory: readonly string[],
  otherwise: Result,
  work: (path: string) => Result,
): Result {
  let fd: number;
  try {
    fd = openDirectory(root, [...below, ...directory]);
  } catch {
    return otherwise; // a file, a link, or gone
  }
  try {
    return work(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}
