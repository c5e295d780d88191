import { changeSummary } from "../../change-summary.ts";
import { defineCommand } from "../../define-command.ts";

export const envUnset = defineCommand({
  path: ["env", "unset"],
  aliases: [["config", "unset"]],
  category: "Settings",
  summary: "Remove variables; the app restarts without them",
  examples: ["hop3 env unset DEBUG LANG --app blog"],
  positionals: [{ name: "name", summary: "The variables", required: true, many: true, complete: "env" }],
  flags: [],
  guarded: true,
  seeAlso: ["env set"],
  async run(context) {
    const { name } = await context.app();
    const client = await context.api();
    context.progress.step(`Removing ${context.args("name").join(", ")} of ${name}`);
    const change = await client.call("changeEnv", {
      params: { app: name },
      body: { unset: [...context.args("name")] },
    });
    return { data: change, summary: changeSummary(client.server.name, "unset", change) };
  },
});
