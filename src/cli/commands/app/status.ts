import { defineCommand } from "../../define-command.ts";
import { facts } from "../../render.ts";
import { crashText, instanceTable } from "../../instance-table.ts";

export const appStatus = defineCommand({
  path: ["app", "status"],
  aliases: [["status"]],
  category: "Daily",
  summary: "How an app is: state, URL, instances",
  examples: ["hop3 status", "hop3 app status --app blog --json"],
  positionals: [],
  flags: [],
  seeAlso: ["app show", "app logs", "ps"],
  async run(context) {
    const { name } = await context.app();
    const app = await (await context.api()).call("showApp", { params: { app: name } });
    const running =
      app.lastDeploy?.state === "running" ? `deploy ${app.lastDeploy.deploy} is at ${app.lastDeploy.step}` : null;
    // A failed deploy over a release that serves is told by `app show`; here only why nothing runs.
    const failed = app.release === null ? app.lastDeploy?.error?.message : null;
    const text = facts([
      ["app", app.app],
      ["state", app.state],
      ["url", app.urls[0]],
      ["release", app.release],
      ["deploying", running],
      ["why", failed],
      ...app.notes.map((note) => ["note", note] as const),
    ]);
    return {
      data: app,
      text: [text, crashText(app.app, app.crashLoops), instanceTable(app.processes)]
        .filter((part) => part !== "")
        .join("\n\n"),
    };
  },
});
