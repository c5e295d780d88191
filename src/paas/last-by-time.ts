/** Lines of several processes as one: by time, as far as the clock can be believed. */
import type { LogLine } from "#core/api/logs.ts";

/** What log-line.ts gives a line whose time cannot be read. */
const noTime = new Date(0).toISOString();

/**
 * The last `count` lines. Each stream is in the order in which it was written and stays in it: where the clock was set back
 * in between, no line goes before one that was written earlier, and no process's newest lines are lost. From the end, the
 * stream whose last line is the latest gives the next one.
 */
export function lastByTime(streams: readonly (readonly LogLine[])[], count: number): LogLine[] {
  const left = streams.map((lines) => lines.length);
  const found: LogLine[] = [];
  while (found.length < count) {
    let from = -1;
    let latest = "";
    for (const [index, lines] of streams.entries()) {
      const line = lines[(left[index] ?? 0) - 1];
      if (line === undefined) continue;
      // One without a time stays beside the line that came after it.
      const at = line.at === noTime ? "~" : line.at;
      if (from >= 0 && at < latest) continue;
      [from, latest] = [index, at];
    }
    const line = streams[from]?.[(left[from] ?? 0) - 1];
    if (line === undefined) break;
    left[from] = (left[from] ?? 0) - 1;
    found.push(line);
  }
  return found.toReversed();
}
