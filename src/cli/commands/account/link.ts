import { defineCommand } from "../../define-command.ts";
import { secretAnswers, secretFlags } from "../../secret-answers.ts";
import { browserFlags, throughBrowser } from "../../through-browser.ts";
import { linksText } from "../user/links-text.ts";

export const accountLink = defineCommand({
  path: ["account", "link"],
  category: "People",
  summary: "Say who you are at the provider of single sign-on, by logging in there",
  about: [
    "From then on `hop3 login --sso` logs you in as the user that you are now. It asks for your password here, because it is a new way in; an admin can do the same without by `hop3 user link`.",
  ],
  examples: ["hop3 account link"],
  positionals: [],
  flags: [...browserFlags, ...secretFlags],
  seeAlso: ["login", "user identities"],
  async run(context) {
    const client = await context.api();
    const password = await (await secretAnswers(context)).next("Your present password: ", "your present password");
    const data = await throughBrowser(context, {
      begin: (redirect) => client.call("beginLink", { body: { redirect, password } }),
      finish: (answer) => client.call("finishLink", { body: answer }),
      isDone: () => true,
    });
    return { data, text: linksText(data), summary: "You may log in by single sign-on." };
  },
});
