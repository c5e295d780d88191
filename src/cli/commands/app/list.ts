import { defineCommand } from "../../define-command.ts";
import { localTime, table } from "../../render.ts";

export const appList = defineCommand({
  path: ["apps"],
  aliases: [["app", "list"]],
  category: "Daily",
  summary: "List the apps",
  examples: ["hop3 apps", "hop3 apps --json"],
  positionals: [],
  flags: [],
  seeAlso: ["app show"],
  async run(context) {
    const { apps } = await (await context.api()).call("listApps", {});
    const rows = apps.map((app) => [
      app.app,
      app.state,
      app.urls[0] ?? "-",
      `${app.release ?? "-"}`,
      localTime(app.deployedAt),
    ]);
    if (apps.length === 0) context.progress.line("No apps yet. `hop3 deploy` in an app's directory makes the first.");
    return {
      data: { apps },
      text: apps.length === 0 ? "" : table(["NAME", "STATE", "URL", "RELEASE", "DEPLOYED"], rows),
    };
  },
});
