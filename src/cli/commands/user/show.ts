import { defineCommand } from "../../define-command.ts";
import { userFacts } from "./user-text.ts";

export const userShow = defineCommand({
  path: ["user", "show"],
  category: "People",
  summary: "A user",
  examples: ["hop3 user show ada"],
  positionals: [{ name: "name", summary: "The user", required: true }],
  flags: [],
  seeAlso: ["user list", "session list", "token list"],
  async run(context) {
    const user = await (await context.api()).call("showUser", { params: { user: context.arg("name") ?? "" } });
    return { data: user, text: userFacts(user) };
  },
});
