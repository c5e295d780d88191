/**
 * Where the output of processes lies, for its writer here and its readers in `hop3d`:
 *
 *   <logs>/<process>/<run>/<part>     for example apps/blog/log/web.1/0mf3k2a9x-k3j9x2lq/1, or cron.nightly/...
 *
 * Two instances may be called `web.1` at a time (a deploy starts the new one beside the old), so each run has a
 * directory of its own; run names sort by start time, parts are numbers that grow. A part that is finished may be
 * compressed, to PART.zst: whoever finds no PART any more looks there. A line reads `TIME out|err|sys TEXT`
 * (`out+` goes on in the next record of the same stream). What a process has said is all its files merged by time.
 */
import { closeSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { partNumbers } from "./output/part-name.ts";
import { makeDirectory } from "./safe-path.ts";

/** A directory of logs that has a directory for each process: a path of ours, and names below it. */
export type LogPlace = { readonly root: string; readonly below: readonly string[] };

/** `path` is that of the plain file. */
export type LogFile = { readonly process: string; readonly run: string; readonly part: number; readonly path: string };

/** Runs of one process whose logs stay when newer ones came: all of a crash loop, until it is given up. */
const runsKept = 20;

/**
 * The name of a process's next run: its start time in ms, base 36, of fixed length; then the instance. Where the clock was
 * set back, the moment after the run before: what is the newest always sorts last.
 */
export function nextRunName(logs: LogPlace, process: string, startedAt: number, instance: string): string {
  const last = withProcess(logs, process, (directory) => Math.max(-1, ...names(directory).map(startOf)));
  return `${Math.max(startedAt, last + 1)
    .toString(36)
    .padStart(9, "0")}-${instance}`;
}

/** When a run began, by its name; -1 for what is no run. */
function startOf(run: string): number {
  const time = /^([0-9a-z]{9,10})-/.exec(run)?.[1];
  return time === undefined ? -1 : Number.parseInt(time, 36);
}

/** All log files under a directory of logs, oldest run first. Empty when there is none. */
export function listLogFiles(logs: string, only?: (process: string) => boolean): LogFile[] {
  return names(logs)
    .filter(
      (process) =>
        /^[a-z][a-z0-9_-]*\.\d+$|^cron\.[a-z][a-z0-9_-]*$|^(hop3d|caddy)$/.test(process) &&
        (only === undefined || only(process)),
    )
    .flatMap((process) =>
      names(join(logs, process)).flatMap((run) =>
        partNumbers(names(join(logs, process, run))).map((part) => ({
          process,
          run,
          part,
          path: join(logs, process, run, String(part)),
        })),
      ),
    );
}

/** Removes the logs of the oldest runs of a process, never one that is in use. Follows no link (safe-path.ts). */
export function forgetOldRuns(logs: LogPlace, process: string, inUse: (run: string) => boolean): void {
  withProcess(logs, process, (directory) => {
    const ended = names(directory).filter((run) => !inUse(run));
    for (const run of ended.slice(0, Math.max(0, ended.length - runsKept))) {
      rmSync(join(directory, run), { recursive: true, force: true });
    }
  });
}

function withProcess<Result>(logs: LogPlace, process: string, work: (directory: string) => Result): Result {
  const fd = makeDirectory(logs.root, [...logs.below, process], logs.below.length + 1);
  try {
    return work(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}
