/**
 * Where the output of processes lies, for its writer here and its readers in `hop3d`:
 *
 *   <logs>/<process>/<run>/<part>     for example apps/blog/log/web.1/0mf3k2a9x-k3j9x2lq/1
 *
 * Two instances may be called `web.1` at a time (a deploy starts the new one beside the old), so each run has a
 * directory of its own; run names sort by start time, parts are numbers that grow. A line reads `TIME out|err|sys TEXT`
 * (`out+` goes on in the next record of the same stream). What a process has said is all its files merged by time.
 */
import { closeSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makeDirectory } from "./safe-path.ts";

export type LogFile = { readonly process: string; readonly run: string; readonly part: number; readonly path: string };

/** Runs of one process whose logs stay when newer ones came. */
const runsKept = 5;

/** A run's name: start time in ms, base 36, of fixed length; then the instance. */
export function runName(startedAt: number, instance: string): string {
  return `${startedAt.toString(36).padStart(9, "0")}-${instance}`;
}

/** All log files under a directory of logs, oldest run first. Empty when there is none. */
export function listLogFiles(logs: string, only?: (process: string) => boolean): LogFile[] {
  return names(logs)
    .filter(
      (process) => /^[a-z][a-z0-9_-]*\.\d+$|^(hop3d|caddy)$/.test(process) && (only === undefined || only(process)),
    )
    .flatMap((process) =>
      names(join(logs, process)).flatMap((run) =>
        names(join(logs, process, run))
          .map(Number)
          .sort((a, b) => a - b)
          .map((part) => ({ process, run, part, path: join(logs, process, run, String(part)) })),
      ),
    );
}

/** Removes the logs of the oldest runs of a process, never one that is in use. Follows no link (safe-path.ts). */
export function forgetOldRuns(
  logs: { readonly root: string; readonly below: readonly string[] },
  process: string,
  inUse: (run: string) => boolean,
): void {
  const fd = makeDirectory(logs.root, [...logs.below, process], logs.below.length + 1);
  try {
    const directory = `/proc/self/fd/${fd}`;
    const ended = names(directory).filter((run) => !inUse(run));
    for (const run of ended.slice(0, Math.max(0, ended.length - runsKept))) {
      rmSync(join(directory, run), { recursive: true, force: true });
    }
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
