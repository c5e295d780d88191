import { defineCommand } from "../../define-command.ts";

export const appRestart = defineCommand({
  path: ["app", "restart"],
  aliases: [["restart"]],
  category: "Daily",
  summary: "Replace all instances at once, without an outage",
  examples: ["hop3 restart", "hop3 app restart --app blog"],
  positionals: [],
  flags: [],
  guarded: true,
  seeAlso: ["app reload", "app status", "app logs"],
  async run(context) {
    const { name } = await context.app();
    const client = await context.api();
    context.progress.step(`Restarting ${name}`);
    const app = await client.call("restartApp", { params: { app: name } });
    const state = app.state === "running" ? "" : `; it is ${app.state}`;
    return { data: app, summary: `[${client.server.name} / ${name}] restarted${state}.` };
  },
});
