import type { CrashLoop } from "#core/api/apps.ts";
import { allPages } from "../../all-pages.ts";
import { defineCommand } from "../../define-command.ts";
import { crashShort } from "../../instance-table.ts";
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
    const client = await context.api();
    const apps = await allPages(async (cursor) => {
      const page = await client.call("listApps", { query: { cursor } });
      return { items: page.apps, next: page.next };
    });
    // The column is there when there is something to say, so that it is seen.
    const isTold = apps.some(({ crashLoops }) => crashLoops.length > 0);
    const rows = apps.map((app) => [
      app.app,
      app.state,
      app.urls[0] ?? "-",
      `${app.release ?? "-"}`,
      localTime(app.deployedAt),
      ...(isTold ? [loopText(app.crashLoops)] : []),
    ]);
    const headers = ["NAME", "STATE", "URL", "RELEASE", "DEPLOYED", ...(isTold ? ["CRASH LOOP"] : [])];
    if (apps.length === 0) context.progress.line("No apps yet. `hop3 deploy` in an app's directory makes the first.");
    return {
      data: { apps },
      text: apps.length === 0 ? "" : table(headers, rows),
    };
  },
});

function loopText([first, ...others]: readonly CrashLoop[]): string {
  if (first === undefined) return "-";
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  return `${first.process}${first.givenUp ? " given up" : ""}: ${crashShort(first)}${more}`;
}
