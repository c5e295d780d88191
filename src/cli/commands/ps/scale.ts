import { instancesMax } from "#core/limits.ts";
import { AppError } from "#core/errors.ts";
import { isProcessType, quote } from "#core/names.ts";
import { defineCommand } from "../../define-command.ts";
import { wholeNumber } from "../../values.ts";

export const psScale = defineCommand({
  path: ["ps", "scale"],
  category: "Apps",
  summary: "Set how many instances of a process run",
  examples: ["hop3 ps scale web=2 worker=1 --app blog"],
  positionals: [{ name: "count", summary: "TYPE=N, for example web=2", required: true, many: true }],
  flags: [],
  guarded: true,
  seeAlso: ["ps"],
  async run(context) {
    const scale: Record<string, number> = {};
    for (const word of context.args("count")) {
      const [type = "", count = ""] = word.split("=", 2);
      if (!isProcessType(type) || !word.includes("="))
        throw new AppError("USAGE", `${quote(word)} is not TYPE=N.`, { hint: "For example web=2." });
      scale[type] = wholeNumber(count, type, 0, instancesMax);
    }
    const { name } = await context.app();
    const client = await context.api();
    const words = Object.entries(scale).map(([type, count]) => `${type}=${count}`);
    context.progress.step(`Scaling ${name} to ${words.join(" ")}`);
    const found = await client.call("scaleProcesses", { params: { app: name }, body: { scale } });
    return { data: found, summary: `[${client.server.name} / ${name}] scaled to ${words.join(" ")}.` };
  },
});
