/** Events of the audit log for a reader: a table of the last ones, a line for each that comes. */
import { setTimeout as delay } from "node:timers/promises";
import type { EventView } from "#core/api/events.ts";
import { AppError } from "#core/errors.ts";
import { printable } from "#core/printable.ts";
import type { CommandContext } from "./context.ts";
import { localTime, table } from "./render.ts";

/** With the app where they are of several. */
export function eventTable(events: readonly EventView[], withApp: boolean): string {
  if (events.length === 0) return "";
  const heads = ["TIME", "BY", "FROM", "WHAT", ...(withApp ? ["APP"] : []), "OF", "OUTCOME", "DETAILS"];
  return table(
    heads,
    events.map((event) => cells(event, withApp)),
  );
}

function cells(event: EventView, withApp: boolean): string[] {
  const { at, actor, action, app, target, outcome } = event;
  return [
    localTime(at),
    actor,
    fromOf(event),
    action,
    ...(withApp ? [app ?? "-"] : []),
    target ?? "-",
    outcome,
    detailsOf(event),
  ];
}

/** `laptop@192.0.2.7`: by which credential, from where. */
function fromOf({ credential, address }: EventView): string {
  if (credential === null) return address ?? "-";
  return `${credential.name ?? credential.id}${address === null ? "" : `@${address}`}`;
}

function detailsOf({ details }: EventView): string {
  const pairs = Object.entries(details).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return pairs.length === 0 ? "-" : pairs.join(" ").replaceAll("\n", " ");
}

/** Milliseconds between tries after the connection broke: the first, doubled up to the longest; then it is given up. */
const retry = { first: 200, longest: 2000, giveUpAfter: 90_000 };

type Opened = AsyncIterable<{ readonly data: EventView }>;

/** Goes on after the last event that was shown, over broken connections; ends by throwing CANCELED or what the server said. */
export async function followEvents(
  context: CommandContext,
  withApp: boolean,
  open: (after: { readonly "last-event-id"?: string }) => Opened,
): Promise<never> {
  let last: number | undefined;
  let tries = 0;
  let brokenAt = 0;
  for (;;) {
    try {
      for await (const { data } of open(last === undefined ? {} : { "last-event-id": String(last) })) {
        tries = 0;
        await context.emit(context.json ? JSON.stringify(data) : printable(cells(data, withApp).join("  ")));
        last = data.seq;
      }
      throw new AppError("UNREACHABLE", "The stream of events ended.");
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.code !== "UNREACHABLE" || last === undefined) throw thrown;
      if (tries === 0) {
        brokenAt = performance.now();
        context.progress.line("The connection broke; trying again.");
      }
      if (performance.now() - brokenAt > retry.giveUpAfter) throw thrown;
      const wait = Math.min(retry.first * 2 ** tries++, retry.longest);
      await delay(wait, undefined, { signal: context.signal }).catch((cause: unknown) => {
        throw new AppError("CANCELED", "Interrupted.", { hint: "", cause });
      });
    }
  }
}
