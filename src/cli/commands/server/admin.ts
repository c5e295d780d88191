import { defineCommand } from "../../define-command.ts";
import { requireServerHost } from "../../server-host.ts";
import { oneTimeText } from "../user/user-text.ts";

export const serverAdmin = defineCommand({
  path: ["server", "admin"],
  category: "Server",
  summary: "On the server itself: make an admin, or let one in again who is locked out",
  about: [
    "Needs no login and no network: who may read the server's files is its admin anyway. As root for a server in system mode, as yourself for one of `npm start`. It may run meanwhile.",
    "The user is then an enabled admin with a one-time password, which is printed once; an authenticator is removed, sessions end, tokens stay.",
  ],
  examples: ["sudo hop3 server admin ada"],
  positionals: [{ name: "name", summary: "The user; made when there is none", required: true }],
  flags: [],
  seeAlso: ["user set-password", "user set-role"],
  async run(context) {
    const { terminal } = context;
    const name = context.arg("name") ?? "";
    const oneTime = await requireServerHost(terminal.serverHost).admin(name);
    const summary = `${name} is ${oneTime.made ? "a new admin" : "an admin"}: \`hop3 login URL --user ${name}\`.`;
    return { data: { user: name, ...oneTime }, text: oneTimeText(oneTime), summary };
  },
});
