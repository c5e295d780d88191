import { defineCommand } from "../../define-command.ts";

export const appReload = defineCommand({
  path: ["app", "reload"],
  aliases: [["reload"]],
  category: "Daily",
  summary: "Replace the instances one after the other, without an outage",
  examples: ["hop3 reload", "hop3 app reload --app blog"],
  positionals: [],
  flags: [],
  guarded: true,
  seeAlso: ["app restart", "app status"],
  async run(context) {
    const { name } = await context.app();
    const client = await context.api();
    context.progress.step(`Reloading ${name}`);
    const app = await client.call("reloadApp", { params: { app: name } });
    const state = app.state === "running" ? "" : `; it is ${app.state}`;
    return { data: app, summary: `[${client.server.name} / ${name}] reloaded${state}.` };
  },
});
