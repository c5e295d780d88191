import { defineCommand } from "../../define-command.ts";
import { userTable } from "./user-text.ts";

export const userList = defineCommand({
  path: ["user", "list"],
  aliases: [["users"]],
  category: "People",
  summary: "The users of the server",
  examples: ["hop3 user list"],
  positionals: [],
  flags: [],
  seeAlso: ["user show", "group list"],
  async run(context) {
    const { users } = await (await context.api()).call("listUsers", {});
    return { data: { users }, text: userTable(users) };
  },
});
