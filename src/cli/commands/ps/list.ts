import { defineCommand } from "../../define-command.ts";
import { crashText, instanceTable, loopsOf } from "../../instance-table.ts";
import { table } from "../../render.ts";

export const ps = defineCommand({
  path: ["ps"],
  aliases: [["app", "processes"]],
  category: "Apps",
  summary: "The processes of an app and their instances",
  examples: ["hop3 ps --app blog"],
  positionals: [],
  flags: [],
  seeAlso: ["ps scale", "app status"],
  async run(context) {
    const { name } = await context.app();
    const found = await (await context.api()).call("listProcesses", { params: { app: name } });
    const rows = found.processes.map(({ type, count, command }) => [type, String(count), command]);
    const wanted = rows.length === 0 ? "" : table(["TYPE", "COUNT", "COMMAND"], rows);
    const parts = [wanted, instanceTable(found.processes), crashText(name, loopsOf(found.processes))];
    return { data: found, text: parts.filter((part) => part !== "").join("\n\n") };
  },
});
