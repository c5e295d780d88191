import { defineCommand } from "../../define-command.ts";

export const whoami = defineCommand({
  path: ["whoami"],
  category: "Server",
  summary: "The user that the token stands for, and its role",
  examples: ["hop3 whoami"],
  positionals: [],
  flags: [],
  seeAlso: ["login"],
  async run(context) {
    const client = await context.api();
    const who = await client.call("whoami", {});
    return { data: who, text: `${who.user} (${who.roles.join(", ")}) at ${client.server.url}` };
  },
});
