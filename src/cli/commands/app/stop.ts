import { defineCommand } from "../../define-command.ts";

export const appStop = defineCommand({
  path: ["app", "stop"],
  category: "Apps",
  summary: "Stop an app; it stays stopped until started",
  examples: ["hop3 app stop --app blog"],
  positionals: [],
  flags: [],
  guarded: true,
  seeAlso: ["app status"],
  async run(context) {
    const { name } = await context.app();
    const client = await context.api();
    context.progress.step(`Stopping ${name}`);
    const app = await client.call("stopApp", { params: { app: name } });
    const state = app.state === "stopped" ? "" : `; it is ${app.state}`;
    return { data: app, summary: `[${client.server.name} / ${name}] stopped${state}.` };
  },
});
