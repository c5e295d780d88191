/** A line of a log file as the supervisor writes it: `<ISO time> <out|err|sys>[+] <text>` (docs/adr/0002). */
import type { LogLine } from "#core/api/logs.ts";

const form = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (out|err|sys)\+? ?(.*)$/s;
const streams = { out: "stdout", err: "stderr", sys: "hop3" } as const;

/** A line of another form (it was cut by a power failure) is shown as it is. */
export function parseLogLine(line: string, source: string): LogLine {
  const [, at, stream, text] = form.exec(line) ?? [];
  if (at === undefined || text === undefined)
    return { at: new Date(0).toISOString(), source, stream: "hop3", text: line };
  return { at, source, stream: streams[stream as keyof typeof streams], text };
}
