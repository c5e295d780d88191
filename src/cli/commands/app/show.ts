import { defineCommand } from "../../define-command.ts";
import { facts, localTime } from "../../render.ts";
import { instanceTable } from "../../instance-table.ts";

export const appShow = defineCommand({
  path: ["app", "show"],
  category: "Apps",
  summary: "All that is known of an app",
  examples: ["hop3 app show --app blog"],
  positionals: [],
  flags: [],
  seeAlso: ["app status", "env show", "domain list"],
  async run(context) {
    const { name } = await context.app();
    const app = await (await context.api()).call("showApp", { params: { app: name } });
    const last = app.lastDeploy;
    const text = facts([
      ["app", app.app],
      ["state", app.state],
      ...app.urls.map((url) => ["url", url] as const),
      ["release", app.release],
      ["builder", app.builder],
      ["deployed", localTime(app.deployedAt)],
      ["created", localTime(app.createdAt)],
      [
        "last deploy",
        last === null ? null : `${last.deploy}: ${last.state} at ${last.step}, ${localTime(last.startedAt)}`,
      ],
      ["its error", last?.error?.message],
      ...app.processes.map(({ type, command, count }) => ["process", `${type} x${count}: ${command}`] as const),
      ...app.notes.map((note) => ["note", note] as const),
    ]);
    return { data: app, text: [text, instanceTable(app.processes)].filter((part) => part !== "").join("\n\n") };
  },
});
