import { defineCommand } from "../../define-command.ts";
import { facts } from "../../render.ts";
import { secretAnswers, secretFlags } from "../../secret-answers.ts";

export const totpEnable = defineCommand({
  path: ["account", "totp", "enable"],
  category: "People",
  summary: "Set up an authenticator: logins then ask for its code, too",
  about: [
    "Your password is asked for, then the first code of the authenticator. Give it the secret, or make a QR code of the URI (`qrencode -t ansiutf8 URI`). Both are printed on stderr once, the recovery codes on stdout.",
    "Each recovery code is good for one login. Keep them where the authenticator is not.",
  ],
  examples: ["hop3 account totp enable"],
  positionals: [],
  flags: secretFlags,
  seeAlso: ["account totp disable", "account recovery-codes"],
  async run(context) {
    const client = await context.api();
    const answers = await secretAnswers(context);
    const password = await answers.next("Password: ", "the password");
    const { secret, uri } = await client.call("proposeTotp", { body: { password } });
    context.terminal.stderr.write(
      `${facts([
        ["secret", secret],
        ["URI", uri],
      ])}\n`,
    );
    const code = await answers.next("Code that the authenticator shows: ", "the authenticator's code");
    const { codes } = await client.call("confirmTotp", { body: { code } });
    const summary = `[${client.server.name}] the authenticator is asked for from now on. Keep the recovery codes.`;
    return { data: { codes }, text: codes.join("\n"), summary };
  },
});

export const totpDisable = defineCommand({
  path: ["account", "totp", "disable"],
  category: "People",
  summary: "Remove your authenticator and its recovery codes",
  examples: ["hop3 account totp disable"],
  positionals: [],
  flags: secretFlags,
  seeAlso: ["account totp enable"],
  async run(context) {
    const client = await context.api();
    const password = await (await secretAnswers(context)).next("Password: ", "the password");
    const done = await client.call("disableTotp", { body: { password } });
    return { data: done, summary: `[${client.server.name}] the password alone lets you in from now on.` };
  },
});

export const recoveryCodes = defineCommand({
  path: ["account", "recovery-codes"],
  category: "People",
  summary: "New recovery codes in place of the old ones",
  examples: ["hop3 account recovery-codes"],
  positionals: [],
  flags: secretFlags,
  seeAlso: ["account totp enable"],
  async run(context) {
    const client = await context.api();
    const password = await (await secretAnswers(context)).next("Password: ", "the password");
    const { codes } = await client.call("renewRecoveryCodes", { body: { password } });
    return { data: { codes }, text: codes.join("\n"), summary: `[${client.server.name}] the old codes are void.` };
  },
});
