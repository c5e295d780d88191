import { setTimeout as delay } from "node:timers/promises";
import type { InstanceList } from "#core/api/instances.ts";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { CommandContext } from "../../context.ts";
import { defineCommand } from "../../define-command.ts";
import { table } from "../../render.ts";
import { columnOf, columns, sortNames, sortRows, type Row, type SortName } from "../../top/columns.ts";
import { sharesOf } from "../../top/shares.ts";
import { watchTop } from "../../top/watch.ts";
import { wholeNumber } from "../../values.ts";

/** Seconds between two looks. */
const refreshes = { standard: 2, least: 1, most: 60 };

/** Milliseconds between the two looks of a snapshot: what the server measured stands for a second. */
const snapshotMs = 1100;

export const top = defineCommand({
  path: ["top"],
  category: "Daily",
  summary: "What all apps take, live: processor, memory, files, restarts",
  about: [
    "On a terminal it is a full screen that goes on until q. CPU% is of one processor, as `top` and `docker stats` have it. Keys: Left and Right choose what is sorted by, r turns it round; c, m, f, u and n sort by CPU, memory, files, uptime and name; Up, Down, PgUp, PgDn, Home and End scroll.",
    "With --json, or where stdout is no terminal, it is one snapshot that takes a second.",
  ],
  examples: ["hop3 top", "hop3 top --app blog --sort memory", "hop3 top --json"],
  positionals: [],
  flags: [
    {
      name: "refresh",
      value: "SECONDS",
      summary: `Between two looks, ${refreshes.least} to ${refreshes.most} (${refreshes.standard})`,
    },
    { name: "sort", value: "BY", summary: `What comes first: ${sortNames.join(", ")} (cpu)` },
  ],
  seeAlso: ["ps", "app status", "system info"],
  async run(context) {
    const refresh = wholeNumber(
      context.flag("refresh") ?? `${refreshes.standard}`,
      "--refresh",
      refreshes.least,
      refreshes.most,
    );
    const sort = sortName(context.flag("sort") ?? "cpu");
    const client = await context.api();
    const app = context.flag("app");
    const look = async (): Promise<InstanceList> => {
      const found = await client.call("listInstances", {});
      return app === undefined ? found : { ...found, instances: found.instances.filter((one) => one.app === app) };
    };
    if (app !== undefined) await client.call("showApp", { params: { app } }); // one that there is not
    const { stdin, stdout, env } = context.terminal;
    const isScreen = !context.json && stdout.isTTY === true && stdin.isTTY === true && env["TERM"] !== "dumb";
    if (!isScreen) return snapshot(look, sort, context);
    await watchTop({ look, refresh, sort: columnOf(sort), server: client.server.name }, context);
    return {};
  },
});

async function snapshot(look: () => Promise<InstanceList>, sort: SortName, { signal }: CommandContext) {
  const before = await look();
  await delay(snapshotMs, undefined, { signal }).catch((cause: unknown) => {
    throw new AppError("CANCELED", "Interrupted.", { hint: "", cause });
  });
  const now = await look();
  const shares = sharesOf(before, now);
  const rows: Row[] = sortRows(
    now.instances.map((one) => ({ one, cpu: shares.ofInstance(one) })),
    columnOf(sort),
    false,
  );
  const data = {
    ...now,
    services: now.services.map((one) => ({ ...one, cpuPercent: shares.ofService(one.name) ?? null })),
    instances: rows.map(({ one, cpu }) => ({ ...one, cpuPercent: cpu ?? null })),
  };
  const cells = rows.map((row) => columns.map(({ text }) => text(row)));
  return {
    data,
    text:
      rows.length === 0
        ? ""
        : table(
            columns.map(({ name }) => name),
            cells,
          ),
  };
}

function sortName(text: string): SortName {
  const found = sortNames.find((name) => name === text);
  if (found !== undefined) return found;
  throw new AppError("USAGE", `${quote(text)} is nothing to sort by.`, {
    hint: `Give one of ${sortNames.join(", ")}.`,
  });
}
