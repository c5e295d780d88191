import { logGrepMax, logLinesMax } from "#core/api/prefix.ts";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { defineCommand } from "../../define-command.ts";
import { followLogs } from "../../follow-logs.ts";
import { logText } from "../../show-lines.ts";
import { sinceText } from "../../since-text.ts";
import { wholeNumber } from "../../values.ts";

export const appLogs = defineCommand({
  path: ["app", "logs"],
  aliases: [["logs"]],
  category: "Daily",
  summary: "What an app has printed",
  about: [
    "The last lines of all its instances in order of time, over restarts, crashes and deploys. With -f it goes on until Ctrl-C, over all of these and over a restart of the server, without a gap or a line twice. With -f --json each line is a JSON object. -v shows times.",
    "--grep looks for a plain text, upper and lower case as written; it is no pattern, so no search can hold the server up. For patterns, pipe into grep.",
  ],
  examples: [
    "hop3 logs -f",
    "hop3 app logs --app blog --lines 500 --process worker",
    "hop3 logs --since 10m --grep Traceback",
    "hop3 logs --process web.2 --since 2026-03-01T14:30",
  ],
  positionals: [],
  flags: [
    { name: "follow", short: "f", summary: "Go on with each new line" },
    {
      name: "lines",
      short: "n",
      value: "N",
      summary: `How many of the last lines, 1 to ${logLinesMax} (100; with --since ${logLinesMax})`,
    },
    {
      name: "process",
      value: "TYPE",
      complete: "process",
      summary: "Only this process type, for example web, or instance, for example web.1",
    },
    {
      name: "since",
      value: "TIME",
      summary: "Only lines since then: 10m, 1h30m or 2d ago, or a date or ISO 8601 time",
    },
    { name: "grep", value: "TEXT", summary: `Only lines that hold this text, at most ${logGrepMax} characters` },
  ],
  seeAlso: ["app build-logs", "system logs"],
  async run(context) {
    const { name } = await context.app();
    const lines = context.flag("lines");
    const process = context.flag("process");
    const since = context.flag("since");
    const grep = context.flag("grep");
    const query = {
      ...(lines === undefined ? {} : { lines: String(wholeNumber(lines, "--lines", 1, logLinesMax)) }),
      ...(process === undefined ? {} : { process: processName(process) }),
      ...(since === undefined ? {} : { since: sinceText(since) }),
      ...(grep === undefined ? {} : { grep: grepText(grep) }),
    };
    const client = await context.api();
    if (context.has("follow")) return followLogs(context, client, name, query);
    const log = await client.call("readLogs", { params: { app: name }, query });
    return { data: log, text: log.lines.map((line) => logText(line, context.verbose > 0)).join("\n") };
  },
});

function processName(text: string): string {
  if (/^[a-z][a-z0-9_-]{0,31}(?:\.[A-Za-z0-9_-]{1,64})?$/.test(text)) return text;
  throw new AppError("USAGE", `${quote(text)} is no process.`, {
    hint: "Give a type such as web, or an instance such as web.1; `hop3 ps` lists them.",
  });
}

function grepText(text: string): string {
  if (text !== "" && text.length <= logGrepMax && !/[\n\r\0]/.test(text)) return text;
  throw new AppError("USAGE", "What --grep looks for must be one line with something in it.", {
    hint: `Give 1 to ${logGrepMax} characters.`,
  });
}
