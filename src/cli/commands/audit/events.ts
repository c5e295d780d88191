import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { defineCommand } from "../../define-command.ts";
import { eventTable, followEvents } from "../../show-events.ts";
import { sinceText } from "../../since-text.ts";
import { wholeNumber } from "../../values.ts";

/** As the contract has it, which the client does not load. */
const eventsMax = 1000;

export const events = defineCommand({
  path: ["events"],
  category: "Server",
  summary: "Who did what, from where and by which credential: every change and every refusal",
  about: [
    "Of all apps it is for admins and auditors. With --app it is for everybody who may see the app; then who asked from where is told of your own requests only, and so is what was refused, unless you may read the audit log.",
    "With -f it goes on until Ctrl-C, over a restart of the server; with -f --json each event is a JSON object on a line. Repeats of a refusal within a minute are one event that counts them (`times`).",
  ],
  examples: [
    "hop3 events",
    "hop3 events --app blog --since 2d",
    "hop3 events --user ada --action app.env --lines 200 --json",
    "hop3 events -f",
  ],
  positionals: [],
  flags: [
    {
      name: "user",
      value: "NAME",
      summary: "Only what this user did; hop3 for the server, nobody for who was not logged in",
    },
    {
      name: "action",
      value: "ACTION",
      summary: "Only this action, such as app.deploy, or all below one, such as app.env",
    },
    {
      name: "since",
      value: "TIME",
      summary: "Only events since then: 10m, 1h30m or 2d ago, or a date or ISO 8601 time",
    },
    { name: "follow", short: "f", summary: "Go on with each new event" },
    { name: "lines", short: "n", value: "N", summary: `How many of the last ones, 1 to ${eventsMax} (50)` },
  ],
  seeAlso: ["app events", "audit verify"],
  async run(context) {
    const user = context.flag("user");
    const action = context.flag("action");
    const since = context.flag("since");
    const lines = context.flag("lines");
    const query = {
      ...(user === undefined ? {} : { user: userText(user) }),
      ...(action === undefined ? {} : { action: actionText(action) }),
      ...(since === undefined ? {} : { since: sinceText(since) }),
      ...(lines === undefined ? {} : { lines: String(wholeNumber(lines, "--lines", 1, eventsMax)) }),
    };
    // Only one that is named here: of all apps is what is meant in a directory of one of them, too.
    const app = context.has("app") ? (await context.app()).name : undefined;
    const client = await context.api();
    if (context.has("follow")) {
      return followEvents(context, app === undefined, (headers) =>
        app === undefined
          ? client.stream("followEvents", { query, headers })
          : client.stream("followAppEvents", { params: { app }, query, headers }),
      );
    }
    const found =
      app === undefined
        ? await client.call("listEvents", { query })
        : await client.call("listAppEvents", { params: { app }, query });
    return { data: found, text: eventTable(found.events, app === undefined) };
  },
});

function userText(text: string): string {
  if (text !== "" && text.length <= 64) return text;
  throw new AppError("USAGE", `${quote(text)} is no user's name.`, { hint: "`hop3 user list` lists the users." });
}

function actionText(text: string): string {
  if (text.length <= 64 && /^[a-z][a-z-]*(?:\.[a-z][a-z-]*)*$/.test(text)) return text;
  throw new AppError("USAGE", `${quote(text)} is no action.`, {
    hint: "Give one such as app.deploy, or the beginning of some such as app.env; `hop3 events` shows them.",
  });
}
