/** Log lines on stdout, as they come. `--json` on a stream is one JSON object a line. */
import type { LogLine } from "#core/api/logs.ts";
import type { CommandContext } from "./context.ts";
import { printable } from "#core/printable.ts";
import { localTime } from "./render.ts";

export function logText({ at, source, text }: LogLine, verbose: boolean): string {
  return printable(verbose ? `${localTime(at)} [${source}] ${text}` : `[${source}] ${text}`);
}

export async function showLine(context: CommandContext, line: LogLine): Promise<void> {
  await context.emit(context.json ? JSON.stringify(line) : logText(line, context.verbose > 0));
}

export async function showStream(
  context: CommandContext,
  events: AsyncIterable<{ readonly data: LogLine }>,
): Promise<void> {
  for await (const { data } of events) await showLine(context, data);
}
