import { defineCommand } from "../../define-command.ts";
import { localTime, table } from "../../render.ts";

export const sessionList = defineCommand({
  path: ["session", "list"],
  aliases: [["sessions"]],
  category: "People",
  summary: "Where you, or another user, are logged in with a password",
  about: ["A session ends after 7 days without use, and after 30 in any case."],
  examples: ["hop3 session list", "hop3 session list --user ada"],
  positionals: [],
  flags: [
    { name: "user", value: "NAME", summary: "Those of this user" },
    { name: "all", summary: "Those that have ended, too" },
  ],
  seeAlso: ["session end", "logout"],
  async run(context) {
    const user = context.flag("user");
    const client = await context.api();
    const { sessions } =
      user === undefined
        ? await client.call("listOwnSessions", {})
        : await client.call("listUserSessions", { params: { user } });
    const shown = context.has("all") ? sessions : sessions.filter(({ ended }) => ended === null);
    const rows = shown.map((one) => [
      one.id,
      one.ended ?? (one.current ? "this one" : "open"),
      localTime(one.createdAt),
      localTime(one.lastUsedAt),
      one.address ?? "-",
      one.agent ?? "-",
    ]);
    if (rows.length === 0) context.progress.line("No sessions.");
    const text = rows.length === 0 ? "" : table(["ID", "STATE", "BEGAN", "LAST USED", "FROM", "PROGRAM"], rows);
    return { data: { sessions: shown }, text };
  },
});
