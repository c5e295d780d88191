import { defineCommand } from "../../define-command.ts";

export const appResetRestarts = defineCommand({
  path: ["app", "reset-restarts"],
  category: "Apps",
  summary: "Try again at once what crashed or was given up, and count its restarts from 0",
  examples: ["hop3 app reset-restarts --app blog"],
  positionals: [],
  flags: [],
  guarded: true,
  seeAlso: ["ps", "app restart", "app logs"],
  async run(context) {
    const { name } = await context.app();
    const client = await context.api();
    const app = await client.call("resetRestarts", { params: { app: name } });
    return { data: app, summary: `[${client.server.name} / ${name}] restarts reset; it is ${app.state}.` };
  },
});
