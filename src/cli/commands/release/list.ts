import { allPages } from "../../all-pages.ts";
import { defineCommand } from "../../define-command.ts";
import { localTime, table } from "../../render.ts";

export const releaseList = defineCommand({
  path: ["release", "list"],
  aliases: [["releases"]],
  category: "Releases",
  summary: "The releases that served, the newest first",
  about: ["`-` under BACK: its build is not kept any more, so that it cannot be brought back."],
  examples: ["hop3 releases --app blog"],
  positionals: [],
  flags: [],
  seeAlso: ["rollback", "release diff"],
  async run(context) {
    const { name } = await context.app();
    const client = await context.api();
    const releases = await allPages(async (cursor) => {
      const page = await client.call("listReleases", { params: { app: name }, query: { cursor } });
      return { items: page.releases, next: page.next };
    });
    const rows = releases.map((one) => [
      `${one.release}`,
      one.live ? "live" : "",
      one.restorable ? "yes" : "-",
      localTime(one.createdAt),
      one.createdBy,
      one.summary,
    ]);
    if (rows.length === 0) context.progress.line(`${name} has no release yet.`);
    return {
      data: { app: name, releases },
      text: rows.length === 0 ? "" : table(["RELEASE", "", "BACK", "MADE", "BY", "WHAT"], rows),
    };
  },
});
