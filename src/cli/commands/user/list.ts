import { allPages } from "../../all-pages.ts";
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
    const client = await context.api();
    const users = await allPages(async (cursor) => {
      const page = await client.call("listUsers", { query: { cursor } });
      return { items: page.users, next: page.next };
    });
    return { data: { users }, text: userTable(users) };
  },
});
