import { defineCommand } from "../../define-command.ts";
import { linksText } from "./links-text.ts";

export const userUnlink = defineCommand({
  path: ["user", "unlink"],
  category: "People",
  summary: "Take a user's way in by single sign-on away; ends the user's sessions",
  examples: ["hop3 user unlink ada 00u1a2b3c4d5e6f7"],
  positionals: [
    { name: "user", summary: "Name of the user", required: true },
    { name: "subject", summary: "What the provider calls them", required: true },
  ],
  flags: [],
  seeAlso: ["user link", "user identities"],
  async run(context) {
    const user = context.arg("user") ?? "";
    const subject = context.arg("subject") ?? "";
    const data = await (await context.api()).call("unlinkIdentity", { params: { user }, query: { subject } });
    return { data, text: linksText(data), summary: `${user} is not ${subject} any more.` };
  },
});
