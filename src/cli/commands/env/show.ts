import { defineCommand } from "../../define-command.ts";
import { table } from "../../render.ts";

export const envShow = defineCommand({
  path: ["env", "show"],
  aliases: [["config", "show"]],
  category: "Settings",
  summary: "The app's variables; values only with --reveal",
  examples: ["hop3 env show", "hop3 env show --app blog --reveal"],
  positionals: [],
  flags: [{ name: "reveal", summary: "Show the values" }],
  seeAlso: ["env get", "env set"],
  async run(context) {
    const { name } = await context.app();
    const client = await context.api();
    const params = { app: name };
    if (context.has("reveal")) {
      const found = await client.call("readEnv", { params });
      const rows = found.variables.map((one) => [one.name, one.value, one.source]);
      return { data: found, text: rows.length === 0 ? "" : table(["NAME", "VALUE", "SOURCE"], rows) };
    }
    const found = await client.call("listEnv", { params });
    const rows = found.variables.map((one) => [one.name, "********", one.source]);
    return { data: found, text: rows.length === 0 ? "" : table(["NAME", "VALUE", "SOURCE"], rows) };
  },
});
