import { defineCommand } from "../../define-command.ts";

export const appPing = defineCommand({
  path: ["app", "ping"],
  category: "Apps",
  summary: "One HTTP request to the app through the edge: status and time",
  examples: ["hop3 app ping --app blog"],
  positionals: [],
  flags: [],
  seeAlso: ["app status"],
  async run(context) {
    const { name } = await context.app();
    const pong = await (await context.api()).call("pingApp", { params: { app: name } });
    return { data: pong, text: `${pong.url} answered ${pong.status} in ${pong.ms.toFixed(1)} ms` };
  },
});
