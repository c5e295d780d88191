import { defineCommand } from "../../define-command.ts";
import { secretAnswers, secretFlags } from "../../secret-answers.ts";
import { oneTimeText } from "./user-text.ts";

export const userSetPassword = defineCommand({
  path: ["user", "set-password"],
  aliases: [["account", "password"]],
  category: "People",
  summary: "Change your own password; an admin gives another user a one-time one",
  about: [
    "Without a name it is your own: the present password is asked for, then the new one, 12 to 1024 bytes. Your other sessions end.",
    "With a name an admin gets a one-time password for that user, printed once; the user's sessions end, and the next login asks for another password.",
  ],
  examples: ["hop3 user set-password", "hop3 user set-password grace"],
  positionals: [{ name: "name", summary: "Another user", required: false }],
  flags: secretFlags,
  seeAlso: ["user reset-totp", "session list"],
  async run(context) {
    const client = await context.api();
    const user = context.arg("name");
    if (user !== undefined) {
      const reset = await client.call("resetPassword", { params: { user } });
      const summary = `[${client.server.name}] ${user} has a one-time password, and no session any more.`;
      return { data: reset, text: oneTimeText(reset.oneTime), summary };
    }
    const answers = await secretAnswers(context);
    const present = await answers.next("Present password: ", "the present password");
    const next = await answers.chosen("New password: ", "the new password");
    const { ended } = await client.call("changePassword", { body: { present, next } });
    return { data: { ended }, summary: `[${client.server.name}] password changed; ${ended} other sessions ended.` };
  },
});
