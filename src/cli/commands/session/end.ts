import { AppError } from "#core/errors.ts";
import { defineCommand } from "../../define-command.ts";

export const sessionEnd = defineCommand({
  path: ["session", "end"],
  category: "People",
  summary: "End a session, or all but the one that you ask with",
  examples: ["hop3 session end --all", "hop3 session end 0123456789abcdef", "hop3 session end --all --user ada"],
  positionals: [{ name: "id", summary: "As `hop3 session list` shows it", required: false }],
  flags: [
    { name: "all", summary: "All but the one that asks" },
    { name: "user", value: "NAME", summary: "Of this user" },
  ],
  seeAlso: ["session list", "logout"],
  async run(context) {
    const [id, user] = [context.arg("id"), context.flag("user")];
    if ((id === undefined) !== context.has("all")) {
      throw new AppError("USAGE", "Which session?", { hint: "Give its id, or --all." });
    }
    const client = await context.api();
    const summary = (what: string) => `[${client.server.name}] ended ${what}.`;
    if (id === undefined) {
      const done =
        user === undefined
          ? await client.call("endOwnSessions", {})
          : await client.call("endUserSessions", { params: { user } });
      return { data: done, summary: summary(`${done.ended} sessions`) };
    }
    const ended =
      user === undefined
        ? await client.call("endOwnSession", { params: { id } })
        : await client.call("endUserSession", { params: { user, id } });
    return { data: ended, summary: summary(`the session ${id}`) };
  },
});
