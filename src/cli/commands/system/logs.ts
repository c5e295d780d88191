import type { SystemService } from "#core/api/system.ts";
import { logLinesMax } from "#core/api/prefix.ts";
import { defineCommand } from "../../define-command.ts";
import { logText } from "../../show-lines.ts";
import { wholeNumber } from "../../values.ts";

export const systemLogs = defineCommand({
  path: ["system", "logs"],
  category: "Server",
  summary: "What the server's own services have printed",
  examples: ["hop3 system logs", "hop3 system logs --service caddy --lines 500"],
  positionals: [],
  flags: [
    { name: "lines", short: "n", value: "N", summary: `How many of the last lines, 1 to ${logLinesMax} (100)` },
    { name: "service", value: "NAME", summary: "hop3d (unless said), caddy or supervisor" },
  ],
  seeAlso: ["system info", "app logs"],
  async run(context) {
    const lines = context.flag("lines");
    const service = context.flag("service");
    const query = {
      ...(lines === undefined ? {} : { lines: String(wholeNumber(lines, "--lines", 1, logLinesMax)) }),
      // The server knows which services there are, and says so.
      ...(service === undefined ? {} : { service: service as SystemService }),
    };
    const log = await (await context.api()).call("systemLogs", { query });
    return { data: log, text: log.lines.map((line) => logText(line, context.verbose > 0)).join("\n") };
  },
});
