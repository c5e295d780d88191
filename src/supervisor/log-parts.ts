/** The parts of all logs in one place, as who bounds and compresses them sees them. Follows no link. */
import { closeSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { LogPlace } from "./log-files.ts";
import { compressedEnding, partNumber, partNumbers } from "./output/part-name.ts";
import { openDirectory } from "./safe-path.ts";

export type LogPart = {
  /** Process and run. */
  readonly directory: readonly [process: string, run: string];
  readonly number: number;
  /** Names of its files: one that was just compressed has two. */
  readonly names: readonly string[];
  /** What they take of the disk. */
  readonly bytes: number;
  /** Bytes of the log in it; undefined once it is compressed. */
  readonly plain: number | undefined;
  /** Lines may still come. */
  readonly isWritten: boolean;
  /** Of a run that is under way. */
  readonly isOfUse: boolean;
};

export function listParts(logs: LogPlace, isInUse: (run: string) => boolean): LogPart[] {
  return listNames(logs, []).flatMap((process) =>
    listNames(logs, [process]).flatMap((run) => partsOf(logs, [process, run], isInUse(run))),
  );
}

function partsOf(logs: LogPlace, directory: readonly [string, string], isOfUse: boolean): LogPart[] {
  return within(logs, directory, [], (path) => {
    const files = readdirSync(path).filter((name) => partNumber(name) !== undefined);
    const numbers = partNumbers(files);
    return numbers.map((number) => {
      const names = files.filter((name) => partNumber(name) === number);
      const found = names.map((name) => lstatSync(join(path, name), { throwIfNoEntry: false }));
      const isCompressed = names.some((name) => name.endsWith(compressedEnding));
      return {
        directory,
        number,
        names,
        bytes: found.reduce((sum, one) => sum + (one?.blocks ?? 0) * 512, 0),
        plain: isCompressed ? undefined : (found[0]?.size ?? 0),
        isWritten: isOfUse && number === numbers.at(-1),
        isOfUse,
      };
    });
  });
}

/** Names in a directory below the place; none when it is none. */
export function listNames(logs: LogPlace, directory: readonly string[]): string[] {
  return within(logs, directory, [], (path) => readdirSync(path));
}

/** `work` with a path to a directory below the place that stays the same one; `otherwise` when it is a file, a link, or gone. */
export function within<Result>(
  { root, below }: LogPlace,
  directory: readonly string[],
  otherwise: Result,
  work: (path: string) => Result,
): Result {
  let fd: number;
  try {
    fd = openDirectory(root, [...below, ...directory]);
  } catch {
    return otherwise;
  }
  try {
    return work(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}
