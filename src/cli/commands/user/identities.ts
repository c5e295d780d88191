import { defineCommand } from "../../define-command.ts";
import { linksText } from "./links-text.ts";

export const userIdentities = defineCommand({
  path: ["user", "identities"],
  category: "People",
  summary: "Show who a user is at the provider of single sign-on",
  examples: ["hop3 user identities ada"],
  positionals: [{ name: "user", summary: "Name of the user", required: true }],
  flags: [],
  seeAlso: ["user link", "user unlink"],
  async run(context) {
    const data = await (await context.api()).call("listIdentities", { params: { user: context.arg("user") ?? "" } });
    return { data, text: linksText(data) };
  },
});
