/**
 * An app's logs as they grow. A follower is at one position in each run: `web.1/RUN/PART/OFFSET`. It is told where each
 * begins and, with each line, where that one's run is now; with these it can come back, also after a restart of hop3d,
 * and neither misses a line nor sees one twice. A run that it does not name is one that has begun since.
 */
import type { LogLine, LogQuery } from "#core/api/logs.ts";
import { AppError } from "#core/errors.ts";
import type { LogFile } from "#supervisor/log-files.ts";
import { readLines } from "./follow-file.ts";
import { lastByTime } from "./last-by-time.ts";
import { endOfLines } from "./lines-back.ts";
import { historyOf, holds } from "./log-history.ts";
import { parseLogLine } from "./log-line.ts";
import { checkQuery, logFiles } from "./log-sources.ts";
import type { Platform } from "./platform.ts";

export type FollowedLine =
  | { readonly event: "line"; readonly data: LogLine; readonly id?: string }
  | { readonly event: "position"; readonly data: { readonly positions: string[] } };

type Position = { part: number; offset: number };

/** How long a new line may wait to be seen, in milliseconds. */
const patience = 200;

/** The last lines unless it goes on `after` positions, then each new one until the signal is aborted. Throws as checkQuery. */
export async function* followLogs(
  platform: Platform,
  app: string,
  query: LogQuery,
  after: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<FollowedLine> {
  const { lines, ...filter } = await checkQuery(platform, app, query);
  const positions = new Map<string, Position>();
  if (after === undefined) {
    const runs = runsOf(logFiles(platform, app, query));
    const ended = await Promise.all(
      runs.map(async ({ name, process, files }) => {
        const ends = await Promise.all(files.map(async ({ path }) => ({ path, end: await endOfLines(path) })));
        positions.set(name, { part: files.at(-1)?.part ?? 0, offset: ends.at(-1)?.end ?? 0 });
        return { process, files: ends };
      }),
    );
    const processes = [...Map.groupBy(ended, ({ process }) => process).values()];
    for (const data of await lastByTime(
      processes.map((group) => historyOf(group, filter, signal)),
      lines,
    )) {
      yield { event: "line", data };
    }
  } else {
    for (const [name, position] of parsePositions(after)) positions.set(name, position);
  }
  const newest = newestOf(positions.keys());
  yield { event: "position", data: { positions: [...positions].map(([name, at]) => positionText(name, at)) } };
  while (!signal.aborted) {
    let quiet = true;
    for (const { name, process, files } of runsOf(logFiles(platform, app, query))) {
      // Runs are named in the order of their start: an older one that was not named had ended and was read.
      if (!positions.has(name) && name <= (newest.get(process) ?? "")) continue;
      const at = positions.get(name) ?? { part: 0, offset: 0 };
      positions.set(name, at);
      for (const { text, end } of await nextLines(files, at)) {
        quiet = false;
        at.offset = end;
        const data = parseLogLine(text, process);
        if (holds(data, filter.grep)) yield { event: "line", data, id: positionText(name, at) };
      }
    }
    if (quiet) await platform.signals.wait(`logs:${app}`, patience, signal);
  }
}

/**
 * Moves to the next file only when this one is read to its end and was already followed by another when the files were
 * listed: then it does not grow any more. A file that became shorter was cut by a supervisor that starts, which writes the
 * same lines again: it is waited for.
 */
async function nextLines(files: readonly LogFile[], at: Position): Promise<Awaited<ReturnType<typeof readLines>>> {
  for (const { part, path } of files) {
    if (part < at.part) continue;
    if (part > at.part) [at.part, at.offset] = [part, 0];
    const lines = await readLines(path, at.offset);
    if (lines.length > 0) return lines;
  }
  return [];
}

type NamedRun = { readonly name: string; readonly process: string; readonly files: LogFile[] };

function runsOf(files: readonly LogFile[]): NamedRun[] {
  return [...Map.groupBy(files, ({ process, run }) => `${process}/${run}`)].map(([name, found]) => ({
    name,
    process: name.slice(0, name.indexOf("/")),
    files: found,
  }));
}

function newestOf(names: Iterable<string>): Map<string, string> {
  const newest = new Map<string, string>();
  for (const name of names) {
    const process = name.slice(0, name.indexOf("/"));
    if (name > (newest.get(process) ?? "")) newest.set(process, name);
  }
  return newest;
}

function positionText(name: string, { part, offset }: Position): string {
  return `${name}/${part}/${offset}`;
}

const form = /^([a-z][A-Za-z0-9_.-]{0,99}\/[0-9a-z-]{1,40})\/(\d{1,10})\/(\d{1,15})$/;

function parsePositions(text: string): [string, Position][] {
  return text
    .split(",")
    .filter((one) => one !== "")
    .map((one) => {
      const [, name, part, offset] = form.exec(one) ?? [];
      if (name === undefined) throw new AppError("INVALID_INPUT", "Last-Event-ID is no position in these logs.");
      return [name, { part: Number(part), offset: Number(offset) }];
    });
}
