import type { AppEvent } from "#core/api/events.ts";
import { defineCommand } from "../../define-command.ts";
import { localTime, table } from "../../render.ts";
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
  seeAlso: ["app status", "app logs", "releases"],
  async run(context) {
    const { name } = await context.app();
    const lines = context.flag("lines");
    const query = lines === undefined ? {} : { lines: String(wholeNumber(lines, "--lines", 1, eventsMax)) };
    const found = await (await context.api()).call("listAppEvents", { params: { app: name }, query });
    const rows = found.events.map((event) => [
      localTime(event.at),
      event.actor,
      event.action,
      event.target ?? "-",
      event.outcome,
      detailsOf(event),
    ]);
    return {
      data: found,
      text: rows.length === 0 ? "" : table(["TIME", "BY", "WHAT", "OF", "OUTCOME", "DETAILS"], rows),
    };
  },
});

function detailsOf({ details }: AppEvent): string {
  const pairs = Object.entries(details).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return pairs.length === 0 ? "-" : pairs.join(" ").replaceAll("\n", " ");
}
