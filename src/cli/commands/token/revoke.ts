import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { defineCommand } from "../../define-command.ts";

export const tokenRevoke = defineCommand({
  path: ["token", "revoke"],
  category: "People",
  summary: "Revoke a token: it works no more at once",
  examples: ["hop3 token revoke ci", "hop3 token revoke 0123456789abcdef --user ci"],
  positionals: [{ name: "token", summary: "Its id, or its name where no other has it", required: true }],
  flags: [{ name: "user", value: "NAME", summary: "A token of this user" }],
  seeAlso: ["token list", "logout"],
  async run(context) {
    const wanted = context.arg("token") ?? "";
    const user = context.flag("user");
    const client = await context.api();
    const { tokens } =
      user === undefined
        ? await client.call("listOwnTokens", {})
        : await client.call("listUserTokens", { params: { user } });
    const found = tokens.filter(({ id, name, ended }) => ended === null && (id === wanted || name === wanted));
    const [token, ...more] = found;
    if (token === undefined) {
      throw new AppError("NOT_FOUND", `There is no token ${quote(wanted)}, or it has ended.`, {
        hint: "`hop3 token list --all` lists them.",
      });
    }
    if (more.length > 0) {
      throw new AppError("USAGE", `${found.length} tokens have the name ${quote(wanted)}.`, {
        hint: `Name one by its id: ${found.map(({ id }) => id).join(", ")}.`,
      });
    }
    const { id } = token;
    const revoked =
      user === undefined
        ? await client.call("revokeOwnToken", { params: { id } })
        : await client.call("revokeUserToken", { params: { user, id } });
    return { data: revoked, summary: `[${client.server.name}] revoked the token ${token.name} (${id}).` };
  },
});
