import { logLinesMax } from "#core/api/prefix.ts";
import { defineCommand } from "../../define-command.ts";
import { logText, showStream } from "../../show-lines.ts";
import { wholeNumber } from "../../values.ts";

export const appBuildLogs = defineCommand({
  path: ["app", "build-logs"],
  category: "Apps",
  summary: "The output of a build",
  examples: ["hop3 app build-logs --app blog", "hop3 app build-logs -f", "hop3 app build-logs --deploy 3"],
  positionals: [],
  flags: [
    { name: "follow", short: "f", summary: "Go on with each new line until the deploy ends" },
    { name: "lines", short: "n", value: "N", summary: `How many of the last lines, 1 to ${logLinesMax} (all of them)` },
    { name: "deploy", value: "N", summary: "Which deploy; the last one unless said" },
  ],
  seeAlso: ["deploy", "app logs"],
  async run(context) {
    const { name } = await context.app();
    const client = await context.api();
    const lines = context.flag("lines");
    const deploy = context.flag("deploy");
    const query = {
      ...(lines === undefined ? {} : { lines: String(wholeNumber(lines, "--lines", 1, logLinesMax)) }),
      ...(deploy === undefined ? {} : { deploy: String(wholeNumber(deploy, "--deploy", 1, 999_999_999)) }),
    };
    if (context.has("follow")) {
      await showStream(context, client.stream("followBuildLogs", { params: { app: name }, query }));
      return {};
    }
    const log = await client.call("readBuildLogs", { params: { app: name }, query });
    return { data: log, text: log.lines.map((line) => logText(line, context.verbose > 0)).join("\n") };
  },
});
