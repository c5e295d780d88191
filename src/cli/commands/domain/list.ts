import type { DomainList } from "#core/api/domains.ts";
import { defineCommand } from "../../define-command.ts";
import { table } from "../../render.ts";

export const domainList = defineCommand({
  path: ["domain", "list"],
  aliases: [["domains"]],
  category: "Settings",
  summary: "The app's domains",
  examples: ["hop3 domain list --app blog"],
  positionals: [],
  flags: [],
  seeAlso: ["domain add"],
  async run(context) {
    const { name } = await context.app();
    const found = await (await context.api()).call("listDomains", { params: { app: name } });
    return { data: found, text: domainTable(found) };
  },
});

function domainTable({ domains }: DomainList): string {
  const rows = domains.map(({ domain, url, source }) => [domain, url, source]);
  return rows.length === 0 ? "" : table(["DOMAIN", "URL", "SOURCE"], rows);
}
