import { defineCommand } from "../../define-command.ts";
import { localTime, table } from "../../render.ts";

export const tokenList = defineCommand({
  path: ["token", "list"],
  aliases: [["tokens"]],
  category: "People",
  summary: "Your tokens, or another user's: what they are for and when they were used",
  examples: ["hop3 token list", "hop3 token list --user ci --all"],
  positionals: [],
  flags: [
    { name: "user", value: "NAME", summary: "Those of this user" },
    { name: "all", summary: "Those that have ended, too" },
  ],
  seeAlso: ["token create", "token revoke"],
  async run(context) {
    const user = context.flag("user");
    const client = await context.api();
    const { tokens } =
      user === undefined
        ? await client.call("listOwnTokens", {})
        : await client.call("listUserTokens", { params: { user } });
    const shown = context.has("all") ? tokens : tokens.filter(({ ended }) => ended === null);
    const rows = shown.map((token) => [
      token.id,
      token.name,
      token.ended ?? (token.current ? "this one" : "good"),
      localTime(token.expiresAt),
      localTime(token.lastUsedAt),
      [...(token.actions ?? []), ...(token.apps ?? []), ...(token.addresses ?? [])].join(" ") || "-",
    ]);
    const text = rows.length === 0 ? "" : table(["ID", "NAME", "STATE", "EXPIRES", "LAST USED", "ONLY FOR"], rows);
    if (rows.length === 0) context.progress.line("No tokens.");
    return { data: { tokens: shown }, text };
  },
});
