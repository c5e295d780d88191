/** Shows an app's log lines as they come, over broken connections: it goes on exactly after what it has shown. */
import { setTimeout as delay } from "node:timers/promises";
import type { LogLine } from "#core/api/logs.ts";
import { logPositionsMax } from "#core/api/prefix.ts";
import { AppError } from "#core/errors.ts";
import type { Client } from "./client.ts";
import type { CommandContext } from "./context.ts";
import { showLine } from "./show-lines.ts";

/** Milliseconds between tries after the connection broke: the first, doubled up to the longest; then it is given up. */
const retry = { first: 200, longest: 2000, giveUpAfter: 90_000 };

/** Ends by throwing: CANCELED by Ctrl-C, or what the server said. */
export async function followLogs(
  context: CommandContext,
  client: Client,
  app: string,
  query: Readonly<Record<string, string>>,
): Promise<never> {
  /** By run, how far it was shown; undefined until the last lines are. */
  let positions: Map<string, string> | undefined;
  let tries = 0;
  let brokenAt = 0;
  for (;;) {
    try {
      const headers: { "last-event-id"?: string } =
        positions === undefined ? {} : { "last-event-id": headerOf(positions) };
      // The last lines are shown when all have come, so that none of them can be shown twice.
      const last: LogLine[] = [];
      for await (const event of client.stream("followLogs", { params: { app }, query, headers })) {
        tries = 0;
        if (event.event === "position") {
          for (const line of last.splice(0)) await showLine(context, line);
          positions ??= new Map();
          for (const one of event.data.positions) positions.set(runOf(one), one);
        } else if (positions === undefined) {
          last.push(event.data);
        } else {
          await showLine(context, event.data);
          if (event.id !== undefined) positions.set(runOf(event.id), event.id);
        }
      }
      throw new AppError("UNREACHABLE", "The stream of the logs ended.");
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.code !== "UNREACHABLE" || positions === undefined) throw thrown;
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

/** `web.1/RUN` of `web.1/RUN/PART/OFFSET`. */
function runOf(position: string): string {
  return position.split("/", 2).join("/");
}

/** Of too many runs each process's newest: the server takes older ones that are not named for read. */
function headerOf(positions: ReadonlyMap<string, string>): string {
  const all = [...positions.values()].join(",");
  if (all.length <= logPositionsMax) return all;
  const newest = new Map<string, string>();
  for (const [run, position] of positions) {
    const process = run.slice(0, run.indexOf("/"));
    if (run > runOf(newest.get(process) ?? "")) newest.set(process, position);
  }
  return [...newest.values()].join(",");
}
