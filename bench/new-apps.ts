/**
 * What the users of an app see while other apps are made, destroyed and given a domain: each of these changes the edge's
 * document. Requests that fail are told by how long their client's connection had been idle.
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deployLive } from "../test/e2e/apps.ts";
import type { RunningPlatform } from "../test/e2e/platform.ts";
import { repeat, type Loop } from "./load/loop.ts";
import { startBystanders } from "./load/mixed.ts";
import { getting, posting, readingSlowly } from "./load/requests.ts";
import { watchTurns } from "./load/turns.ts";
import { readOptions } from "./options.ts";
import { checkout, withPlatform } from "./platform.ts";
import { print, say } from "./report.ts";

/** Milliseconds between the requests of a client on one connection, and how many clients there are of each. */
const paces = [
  { everyMs: 5, clients: 4 },
  { everyMs: 40, clients: 8 },
  { everyMs: 500, clients: 20 },
  { everyMs: 2000, clients: 40 },
] as const;

const { runs, json } = readOptions(20);
const work = mkdtempSync(join(tmpdir(), "hop3-new-apps-"));
const rows: string[][] = [];

try {
  await withPlatform(async (platform) => {
    const loaded = join(work, "loaded");
    await cp(join(checkout, "bench/apps/loaded"), loaded, { recursive: true });
    writeFileSync(join(loaded, "listen"), "unix");
    await deployLive(platform, loaded, "loaded");
    await measure(platform);
  });
} finally {
  await rm(work, { recursive: true, force: true });
}

async function measure(platform: RunningPlatform): Promise<void> {
  const target = platform.edge("loaded");
  const stopping = new AbortController();
  const { signal } = stopping;
  const turns = watchTurns();
  const streams = startBystanders(target);
  const loads = new Map<string, readonly Loop[]>();
  for (const { everyMs, clients } of paces)
    loads.set(
      `keep-alive GET, ${clients} clients, one every ${everyMs} ms each`,
      Array.from({ length: clients }, () =>
        repeat(
          getting(target, turns, () => undefined),
          signal,
          everyMs,
        ),
      ),
    );
  loads.set(
    "keep-alive POST, 2 clients, one every 40 ms each",
    Array.from({ length: 2 }, (_, client) =>
      repeat(
        posting(target, `c${client}`, () => undefined),
        signal,
        40,
      ),
    ),
  );
  loads.set("answers of 10 s", [repeat(readingSlowly(target, turns, true), signal)]);
  for (let run = 1; run <= runs; run += 1) {
    await deployLive(platform, join(checkout, "examples/site"), `site${run}`);
    await platform.destroy(`site${run}`);
  }
  say(`${runs} apps made and destroyed`);
  stopping.abort();
  for (const [what, loops] of loads) {
    await Promise.all(loops.map(({ ended }) => ended));
    const good = loops.reduce((sum, { tally }) => sum + tally.good, 0);
    const bad = loops.flatMap(({ tally }) => [...tally.failed, ...tally.broken]);
    rows.push([what, String(good), String(bad.length)]);
    for (const one of bad) say(`${what}: ${one}`);
  }
  const { good, failed } = await streams.stop();
  rows.push(["an event stream and a WebSocket, held all along", String(good), String(failed.length)]);
  for (const one of failed) say(`stream: ${one}`);
}

print(
  {
    name: "new-apps",
    columns: ["clients of an app", "good", "failed"],
    rows,
    notes: [
      `${runs} times a static site was deployed as a new app and destroyed again: ${2 * runs} changes of the edge's document. Clients do not retry.`,
    ],
    samples: rows,
  },
  json,
);
