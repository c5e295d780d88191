// From a run's outcome to the line of the table.
import { OTHER } from "./load.ts";
import type { Outcome, Window } from "./scenario.ts";

export type Row = Readonly<Record<string, string>>;
// A client may see the end a moment before the TERM is written down, never earlier than that.
const STREAM_SLACK_MS = 5;

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

const ms = (value: number): string => (Number.isNaN(value) ? "-" : value.toFixed(1));

function within(outcome: Outcome, window: Window): number[] {
  return outcome.report.samples.filter(([at]) => at >= window.from && at < window.to).map(([, ms]) => ms);
}

export function tally(outcome: Outcome): Row {
  const { report } = outcome;
  let atGrace = 0;
  let dropped = 0;
  let otherDropped = 0;
  let latestEnd = 0; // how long after its instance's TERM a client saw the end of a stream
  for (const end of report.streamEnds) {
    const term = outcome.termAt.get(end.instance);
    const permitted = term?.why === "grace" && end.at >= term.at - STREAM_SLACK_MS;
    if (end.host === OTHER) otherDropped += 1;
    else if (term !== undefined && permitted) {
      atGrace += 1;
      latestEnd = Math.max(latestEnd, end.at - term.at);
    } else dropped += 1;
  }
  let twice = 0;
  let never = 0;
  for (let id = 0; id < report.sent; id += 1) {
    const times = outcome.executed.get(String(id)) ?? 0;
    if (times > 1) twice += 1;
    if (times === 0) never += 1;
  }
  const quiet = within(outcome, outcome.quiet);
  const changing = within(outcome, outcome.changing);
  const failed = (what: string): string => String(report.failures.filter((one) => one.what === what).length);
  // every request of both apps passes the proxy, but only the moved app's are kept with their time
  const share = (report.samples.length + report.otherShort) / Math.max(1, report.samples.length);
  const cpu = (window: Window, samples: readonly number[]): string =>
    ((window.cpuMs * 1000) / (samples.length * share)).toFixed(0);
  return {
    requests: String(report.samples.length + report.otherShort),
    "GET failed": failed("get"),
    "POST failed": failed("post"),
    "ids twice": String(twice),
    "ids never": String(never),
    "10 s ok": String(report.longDone),
    "10 s failed": failed("long"),
    "streams at grace": String(atGrace),
    "streams dropped": String(dropped),
    "last end after TERM ms": ms(latestEnd),
    "other's dropped": String(otherDropped),
    "p99 quiet ms": ms(percentile(quiet, 0.99)),
    "p99 changing ms": ms(percentile(changing, 0.99)),
    "max changing ms": ms(percentile(changing, 1)),
    "CPU us/req quiet": cpu(outcome.quiet, quiet),
    "CPU us/req changing": cpu(outcome.changing, changing),
    "drain ms p50": ms(percentile(outcome.drainMs, 0.5)),
    "idle TERMs": String(outcome.drainMs.length),
  };
}

/** The distinct errors of a run, most frequent first. */
export function errorsOf(outcome: Outcome): string[] {
  const counts = new Map<string, number>();
  const add = (key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const failure of outcome.report.failures) add(`${failure.host} ${failure.what}: ${failure.error}`);
  for (const end of outcome.report.streamEnds) {
    const term = outcome.termAt.get(end.instance);
    if (term?.why === "grace" && end.at >= term.at - STREAM_SLACK_MS) continue;
    const when = term === undefined ? "no TERM" : `${(end.at - term.at).toFixed(0)} ms after an ${term.why} TERM`;
    add(`${end.host} ${end.kind} stream: ${end.how}, ${when}`);
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([key, count]) => `${count} x ${key}`);
}

export function table(rows: ReadonlyArray<readonly [string, Row]>): string {
  const columns = Object.keys(rows[0]?.[1] ?? {});
  const lines = [`| run | ${columns.join(" | ")} |`, `|${"---|".repeat(columns.length + 1)}`];
  for (const [name, row] of rows) lines.push(`| ${name} | ${columns.map((one) => row[one] ?? "").join(" | ")} |`);
  return lines.join("\n");
}
