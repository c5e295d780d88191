import { defineCommand } from "../../define-command.ts";
import { linksText } from "./links-text.ts";

export const userLink = defineCommand({
  path: ["user", "link"],
  category: "People",
  summary: "Say who a user is at the provider of single sign-on",
  about: [
    "The subject is the provider's own name for somebody, `sub` in its tokens; whoever logs in without being known here is told theirs. A name or an e-mail address is not enough: whoever has an account there may choose it.",
  ],
  examples: ["hop3 user link ada 00u1a2b3c4d5e6f7"],
  positionals: [
    { name: "user", summary: "Name of the user", required: true },
    { name: "subject", summary: "What the provider calls them", required: true },
  ],
  flags: [],
  seeAlso: ["user unlink", "user identities", "login"],
  async run(context) {
    const user = context.arg("user") ?? "";
    const subject = context.arg("subject") ?? "";
    const data = await (await context.api()).call("linkIdentity", { params: { user }, body: { subject } });
    return { data, text: linksText(data), summary: `${user} may log in by single sign-on.` };
  },
});
