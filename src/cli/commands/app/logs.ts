import { logLinesMax } from "#core/api/prefix.ts";
import { defineCommand } from "../../define-command.ts";
import { logText, showStream } from "../../show-lines.ts";
import { wholeNumber } from "../../values.ts";

export const appLogs = defineCommand({
  path: ["app", "logs"],
  aliases: [["logs"]],
  category: "Daily",
  summary: "What an app has printed",
  about: [
    "With -f it goes on until Ctrl-C, over restarts and deploys. With -f --json each line is a JSON object. -v shows times.",
  ],
  examples: ["hop3 logs -f", "hop3 app logs --app blog --lines 500 --process worker"],
  positionals: [],
  flags: [
    { name: "follow", short: "f", summary: "Go on with each new line" },
    { name: "lines", short: "n", value: "N", summary: `How many of the last lines, 1 to ${logLinesMax} (100)` },
    { name: "process", value: "TYPE", summary: "Only this process type, for example web" },
  ],
  seeAlso: ["app build-logs", "system logs"],
  async run(context) {
    const { name } = await context.app();
    const client = await context.api();
    const lines = context.flag("lines");
    const process = context.flag("process");
    const query = {
      ...(lines === undefined ? {} : { lines: String(wholeNumber(lines, "--lines", 1, logLinesMax)) }),
      ...(process === undefined ? {} : { process }),
    };
    if (context.has("follow")) {
      await showStream(context, client.stream("followLogs", { params: { app: name }, query }));
      return {};
    }
    const log = await client.call("readLogs", { params: { app: name }, query });
    return { data: log, text: log.lines.map((line) => logText(line, context.verbose > 0)).join("\n") };
  },
});
