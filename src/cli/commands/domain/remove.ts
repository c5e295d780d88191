import { parseDomain } from "#core/names.ts";
import { defineCommand } from "../../define-command.ts";

export const domainRemove = defineCommand({
  path: ["domain", "remove"],
  category: "Settings",
  summary: "Take a domain away from the app",
  examples: ["hop3 domain remove www.example.com --app blog"],
  positionals: [{ name: "domain", summary: "A host name such as www.example.com", required: true, complete: "domain" }],
  flags: [],
  guarded: true,
  seeAlso: ["domain list"],
  async run(context) {
    const domain = parseDomain(context.arg("domain") ?? "");
    const { name } = await context.app();
    const client = await context.api();
    const found = await client.call("removeDomain", { params: { app: name, domain } });
    return {
      data: found,
      summary: `[${client.server.name} / ${name}] removed ${domain}. HOST_NAME has it until the next release.`,
    };
  },
});
