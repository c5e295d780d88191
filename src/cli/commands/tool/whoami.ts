import { defineCommand } from "../../define-command.ts";
import { facts, localTime } from "../../render.ts";

export const whoami = defineCommand({
  path: ["whoami"],
  aliases: [["auth", "whoami"]],
  category: "Server",
  summary: "Who you are on the server: user, roles, rights for single apps, and by which credential",
  examples: ["hop3 whoami"],
  positionals: [],
  flags: [],
  seeAlso: ["login", "logout"],
  async run(context) {
    const client = await context.api();
    const who = await client.call("whoami", {});
    const { credential, scope, grants } = who;
    const text = facts([
      ["user", who.user],
      ["roles", who.roles.join(", ")],
      ["apps", grants.map(({ app, roles }) => `${app} (${roles.join(", ")})`).join(", ")],
      ["by", `${credential.kind} ${credential.name} (${credential.id})`],
      ["ends", credential.expiresAt === null ? "never" : localTime(credential.expiresAt)],
      ["only for", scope.actions?.join(", ")],
      ["only in", scope.apps?.join(", ")],
      ["server", client.server.url],
    ]);
    return { data: who, text };
  },
});
