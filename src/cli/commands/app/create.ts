import { parseAppName } from "#core/names.ts";
import { defineCommand } from "../../define-command.ts";

export const appCreate = defineCommand({
  path: ["app", "create"],
  category: "Apps",
  summary: "Make an app without a release, to give it variables and domains before its first deploy",
  about: ["A deploy makes an app that is not there; this is for what has to be set before."],
  examples: ["hop3 app create shop"],
  positionals: [{ name: "name", summary: "2 to 64 lowercase letters, digits or hyphens", required: true }],
  flags: [],
  seeAlso: ["deploy", "env set", "domain add", "import"],
  async run(context) {
    const name = parseAppName(context.arg("name") ?? "");
    const client = await context.api();
    const made = await client.call("createApp", { params: { app: name } });
    return {
      data: made,
      summary: `[${client.server.name} / ${name}] ${made.created ? "created" : "was there already; nothing was changed"}.`,
    };
  },
});
