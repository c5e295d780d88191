import { defineCommand } from "../../define-command.ts";
import { eventTable } from "../../show-events.ts";
import { wholeNumber } from "../../values.ts";

/** As the contract has it, which the client does not load. */
const eventsMax = 1000;

export const appEvents = defineCommand({
  path: ["app", "events"],
  category: "Apps",
  summary: "What was done to an app and what happened to it: changes, crash loops, memory that was used up",
  examples: ["hop3 app events --app blog", "hop3 app events --app blog --lines 500 --json"],
  positionals: [],
  flags: [{ name: "lines", short: "n", value: "N", summary: `How many of the last ones, 1 to ${eventsMax} (50)` }],
  seeAlso: ["events", "app status", "app logs", "releases"],
  async run(context) {
    const { name } = await context.app();
    const lines = context.flag("lines");
    const query = lines === undefined ? {} : { lines: String(wholeNumber(lines, "--lines", 1, eventsMax)) };
    const found = await (await context.api()).call("listAppEvents", { params: { app: name }, query });
    return { data: found, text: eventTable(found.events, false) };
  },
});
