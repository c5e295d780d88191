import { actions } from "#core/actions.ts";
import { tokenDaysMax } from "#core/credential-limits.ts";
import { defineCommand } from "../../define-command.ts";
import { days, oneOf } from "../../values.ts";

export const tokenCreate = defineCommand({
  path: ["token", "create"],
  aliases: [["user", "generate-token"]],
  category: "People",
  summary: "Make a token for a program, for no more than it needs",
  about: [
    "The token is printed once, alone on stdout. It is never wider than what you are logged in by, and never for more than its user may. It expires after 90 days unless --expires says less, or more, up to 366 days.",
    `Actions: ${actions.join(", ")}.`,
  ],
  examples: [
    "hop3 token create laptop",
    "hop3 token create ci --expires 30d --action app.deploy --action app.show --app blog --address 192.0.2.0/24",
    "hop3 token create deploys --user ci",
  ],
  positionals: [{ name: "name", summary: "What it is for", required: true }],
  flags: [
    { name: "expires", value: "DAYS", summary: "How long it is good, such as 30d" },
    { name: "action", value: "ACTION", summary: "Only for this action; may be repeated", repeat: true },
    { name: "address", value: "NETWORK", summary: "Only from this address or network; may be repeated", repeat: true },
    { name: "user", value: "NAME", summary: "For this service account instead of yourself" },
  ],
  seeAlso: ["token list", "token revoke"],
  async run(context) {
    const name = context.arg("name") ?? "";
    const [expires, app, user] = [context.flag("expires"), context.flag("app"), context.flag("user")];
    const given = context.flags("action").map((action) => oneOf(action, actions, "an action"));
    const addresses = [...context.flags("address")];
    const body = {
      name,
      ...(expires === undefined ? {} : { days: days(expires, tokenDaysMax) }),
      ...(given.length === 0 ? {} : { actions: given }),
      ...(app === undefined ? {} : { apps: [app] }),
      ...(addresses.length === 0 ? {} : { addresses }),
    };
    const client = await context.api();
    const made =
      user === undefined
        ? await client.call("createOwnToken", { body })
        : await client.call("createUserToken", { params: { user }, body });
    const until = made.token.expiresAt?.slice(0, 10) ?? "for ever";
    const summary = `[${client.server.name}] made the token ${name} (${made.token.id}), good until ${until}.`;
    return { data: made, text: made.secret, summary };
  },
});
