import { parseDomain } from "#core/names.ts";
import { defineCommand } from "../../define-command.ts";

export const domainAdd = defineCommand({
  path: ["domain", "add"],
  category: "Settings",
  summary: "Send a domain's requests to the app",
  examples: ["hop3 domain add www.example.com --app blog"],
  positionals: [{ name: "domain", summary: "A host name such as www.example.com", required: true }],
  flags: [],
  guarded: true,
  seeAlso: ["domain list"],
  async run(context) {
    const domain = parseDomain(context.arg("domain") ?? "");
    const { name } = await context.app();
    const client = await context.api();
    const found = await client.call("addDomain", { params: { app: name }, body: { domain } });
    const url = found.domains.find((one) => one.domain === domain)?.url ?? domain;
    return {
      data: found,
      summary: `[${client.server.name} / ${name}] added ${domain}: ${url} once its DNS record points to the server. HOST_NAME has it from the next release on.`,
    };
  },
});
