/** The lines of one process from the last on, over its files and runs, with what was asked of them. */
import type { LogLine } from "#core/api/logs.ts";
import { AppError } from "#core/errors.ts";
import type { LinesBack } from "./last-by-time.ts";
import { noTime } from "./last-by-time.ts";
import { endOfLines, linesBack } from "./lines-back.ts";
import { parseLogLine } from "./log-line.ts";

/** Files of one run, the oldest first; `end` is up to where one is read, its whole lines unless said. */
export type Run = {
  readonly process: string;
  readonly files: readonly { readonly path: string; readonly end?: number }[];
};

export type LineFilter = {
  /** Milliseconds since the epoch. */
  readonly since?: number | undefined;
  /** A plain text: there is no pattern whose search takes longer than the reading. */
  readonly grep?: string | undefined;
};

/** `runs` are in the order in which they began. */
export async function* historyOf(runs: readonly Run[], { since, grep }: LineFilter, signal?: AbortSignal): LinesBack {
  const from = since === undefined ? "" : new Date(since).toISOString();
  for (const { process, files } of runs.toReversed()) {
    // An older run may have spoken after this one began, so each is read until its own lines are too old.
    let isOver = false;
    for (const { path, end } of files.toReversed()) {
      if (isOver) break;
      try {
        for await (const texts of linesBack(path, end ?? (await endOfLines(path)), grep)) {
          if (signal?.aborted === true) return;
          const lines = texts.map((text) => parseLogLine(text, process));
          const begin = lines.findLastIndex(({ at }) => at < from && at !== noTime) + 1;
          const wanted = lines.slice(begin).filter((line) => holds(line, grep));
          if (wanted.length > 0) yield wanted;
          isOver = begin > 0;
          if (isOver) break;
        }
      } catch (error) {
        // The disk has lost some of it: what is before and after can be told.
        if (!(error instanceof AppError)) throw error;
        yield [
          {
            at: noTime,
            source: process,
            stream: "hop3",
            text: "the lines before are left out: a compressed file is damaged",
          },
        ];
      }
    }
  }
}

export function holds({ text }: LogLine, grep: string | undefined): boolean {
  return grep === undefined || text.includes(grep);
}
