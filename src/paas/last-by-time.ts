/** Lines of several processes as one: by time, as far as the clock can be believed. */
import type { LogLine } from "#core/api/logs.ts";

/** What log-line.ts gives a line whose time cannot be read. */
export const noTime = new Date(0).toISOString();

/** Most text that an answer holds, in characters: even when each has to be escaped, it stays below what clients take. */
const textMax = 8 * 1024 * 1024;

/** The lines of one process from the last on, in batches that are each in the order in which they were written. */
export type LinesBack = AsyncGenerator<readonly LogLine[]>;

type Stream = { readonly source: LinesBack; batch: readonly LogLine[]; left: number };

/**
 * The last `count` lines. Each stream is in the order in which it was written and stays in it: where the clock was set back
 * in between, no line goes before one that was written earlier, and no process's newest lines are lost. From the end, the
 * stream whose last line is the latest gives the next one; no more of a stream is read than that takes. Where the lines are
 * too long to be told, the first says so.
 */
export async function lastByTime(sources: readonly LinesBack[], count: number): Promise<LogLine[]> {
  const streams: Stream[] = sources.map((source) => ({ source, batch: [], left: 0 }));
  const found: LogLine[] = [];
  try {
    await Promise.all(streams.map(fill));
    for (let room = textMax; found.length < count;) {
      const from = latest(streams);
      const line = from?.batch[from.left - 1];
      if (from === undefined || line === undefined) break;
      room -= line.text.length;
      if (room < 0 && found.length > 0) {
        const note = `the lines before are left out: an answer holds ${textMax / 1024 / 1024} MiB`;
        found.push({ at: line.at, source: line.source, stream: "hop3", text: note });
        break;
      }
      from.left -= 1;
      found.push(line);
      await fill(from);
    }
  } finally {
    await Promise.all(streams.map(({ source }) => source.return(undefined)));
  }
  return found.toReversed();
}

async function fill(stream: Stream): Promise<void> {
  while (stream.left === 0) {
    const next = await stream.source.next();
    if (next.done === true) return;
    stream.batch = next.value;
    stream.left = next.value.length;
  }
}

function latest(streams: readonly Stream[]): Stream | undefined {
  let found: Stream | undefined;
  let time = "";
  for (const stream of streams) {
    const line = stream.batch[stream.left - 1];
    if (line === undefined) continue;
    // One without a time stays beside the line that came after it.
    const at = line.at === noTime ? "~" : line.at;
    if (found !== undefined && at < time) continue;
    [found, time] = [stream, at];
  }
  return found;
}
