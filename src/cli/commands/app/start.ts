import { defineCommand } from "../../define-command.ts";

export const appStart = defineCommand({
  path: ["app", "start"],
  category: "Apps",
  summary: "Start a stopped app",
  examples: ["hop3 app start --app blog"],
  positionals: [],
  flags: [],
  guarded: true,
  seeAlso: ["app status"],
  async run(context) {
    const { name } = await context.app();
    const client = await context.api();
    context.progress.step(`Starting ${name}`);
    const app = await client.call("startApp", { params: { app: name } });
    const state = app.state === "running" ? "" : `; it is ${app.state}`;
    return { data: app, summary: `[${client.server.name} / ${name}] started${state}.` };
  },
});
