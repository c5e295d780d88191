import { defineCommand } from "../../define-command.ts";

export const userRemove = defineCommand({
  path: ["user", "remove"],
  category: "People",
  summary: "Remove a user with its tokens, sessions, keys and rights",
  about: ["What the user has deployed stays. The last admin cannot be removed."],
  examples: ["hop3 user remove grace", "hop3 user remove grace --yes"],
  positionals: [{ name: "name", summary: "The user", required: true }],
  flags: [],
  seeAlso: ["user disable"],
  async run(context) {
    const user = context.arg("name") ?? "";
    const client = await context.api();
    // A name that does not exist should be said before anybody answers.
    await client.call("showUser", { params: { user } });
    await context.confirmYes(`${user} will be removed, with all tokens, sessions, keys and rights.`);
    const gone = await client.call("removeUser", { params: { user } });
    return { data: gone, summary: `[${client.server.name}] removed ${user}.` };
  },
});
