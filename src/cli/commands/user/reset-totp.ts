import { defineCommand } from "../../define-command.ts";

export const userResetTotp = defineCommand({
  path: ["user", "reset-totp"],
  category: "People",
  summary: "Remove the second factor of a user who has lost it",
  about: ["Be sure who asks: from then on the password alone lets in, until another authenticator is set up."],
  examples: ["hop3 user reset-totp grace"],
  positionals: [{ name: "name", summary: "The user", required: true }],
  flags: [],
  seeAlso: ["account totp enable", "user set-password"],
  async run(context) {
    const user = context.arg("name") ?? "";
    const client = await context.api();
    await context.confirmYes(`${user} will log in with the password alone.`);
    const changed = await client.call("resetTotp", { params: { user } });
    return { data: changed, summary: `[${client.server.name}] ${user} has no second factor any more.` };
  },
});
