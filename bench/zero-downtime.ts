/**
 * What the users of a loaded app see while it is deployed, rolled back, scaled and restarted, and while another app is
 * deployed: failed requests, ids executed twice or never, truncated bodies, dropped streams, and how long requests take
 * beside quiet times. On a unix socket and on a TCP port. `--runs 10` are 50 deploys, 20 rollbacks, 20 changes of scale and
 * 10 restarts of the loaded app, each kind, and 20 deploys of the other.
 */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deployLive, eventually } from "../test/e2e/apps.ts";
import type { RunningPlatform } from "../test/e2e/platform.ts";
import { getting, listening, type Loop, posting, readingSlowly, repeat, uploading } from "./load/clients.ts";
import { readOptions } from "./options.ts";
import { checkout, withPlatform } from "./platform.ts";
import { print, say } from "./report.ts";

const quietSeconds = 15;
/** Streams of the loaded app are shorter than the grace that a leaving instance has; those of others are held all along. */
const streamSeconds = 5;
const slowdownGoal = 3;

type Result = {
  readonly kind: string;
  readonly operations: number;
  readonly requests: number;
  readonly failures: readonly string[];
  readonly idsTwice: number;
  readonly idsNever: number;
  readonly p99: { readonly quiet: number; readonly during: number };
  readonly droppedElsewhere: readonly string[];
};

const { runs, json } = readOptions(10);
const results: Result[] = [];
const work = mkdtempSync(join(tmpdir(), "hop3-load-"));

try {
  await withPlatform(async (platform) => {
    const other = await source("other", "tcp");
    await deployLive(platform, other, "other");
    for (const kind of ["unix", "tcp"] as const) results.push(await measure(platform, kind, other));
  });
} finally {
  await rm(work, { recursive: true, force: true });
}

async function source(name: string, listen: "unix" | "tcp"): Promise<string> {
  const directory = join(work, name);
  await cp(join(checkout, "bench/apps/loaded"), directory, { recursive: true });
  writeFileSync(join(directory, "listen"), listen);
  return directory;
}

async function measure(platform: RunningPlatform, kind: "unix" | "tcp", other: string): Promise<Result> {
  const app = `loaded-${kind}`;
  const directory = await source(app, kind);
  const another = `another-${kind}`;
  // A name that is new to the edge changes its document, which is not what is measured here.
  await deployLive(platform, other, another);
  await deployLive(platform, directory, app);
  await deployLive(platform, directory, app);
  const target = platform.edge(app);
  const stopping = new AbortController();
  const { signal } = stopping;
  const took = { quiet: [] as number[], during: [] as number[] };
  let phase: keyof typeof took = "quiet";
  const given: string[] = [];
  const own: Loop[] = [
    ...[1, 2, 3, 4].map(() =>
      repeat(
        getting(target, (ms) => took[phase].push(ms)),
        signal,
      ),
    ),
    ...[1, 2].map((client) =>
      repeat(
        posting(target, `c${client}`, (id) => given.push(id)),
        signal,
      ),
    ),
    repeat(readingSlowly(target), signal),
    repeat(uploading(target), signal),
    repeat(listening(target, "events", streamSeconds), signal),
    repeat(listening(target, "socket", streamSeconds), signal),
  ];
  // Of an app that nothing is done to while they are held.
  const bystander = platform.edge("other");
  const elsewhere = (["events", "socket"] as const).map((one) => repeat(listening(bystander, one, Infinity), signal));
  await new Promise((resolve) => setTimeout(resolve, quietSeconds * 1000));
  phase = "during";
  let operations = 0;
  const work = async (what: string, times: number, once: (time: number) => Promise<unknown>) => {
    for (let time = 0; time < times; time += 1) {
      await once(time);
      operations += 1;
    }
    say(`${kind}: ${times} x ${what}`);
  };
  await work("deploy", runs * 5, () => deployLive(platform, directory, app));
  await work("rollback", runs * 2, () => rollback(platform, app));
  await work("scale", runs * 2, (time) =>
    platform.api("PATCH", `/apps/${app}/processes`, { scale: { web: time % 2 === 0 ? 3 : 1 } }),
  );
  await work("restart", runs, () => platform.api("POST", `/apps/${app}/restart`));
  // The loaded app's streams are the bystanders now, and go on being held and counted.
  await work("deploy of another", runs * 2, () => deployLive(platform, other, another));
  stopping.abort();
  await Promise.all([...own, ...elsewhere].map(({ ended }) => ended));
  const counts = new Map<string, number>();
  for (const id of readFileSync(join(platform.layout.appData(app), "ids"), "utf8")
    .trim()
    .split("\n"))
    counts.set(id, (counts.get(id) ?? 0) + 1);
  return {
    kind,
    operations,
    requests: own.reduce((sum, { tally }) => sum + tally.good + tally.failures.length, 0),
    failures: own.flatMap(({ tally }) => tally.failures),
    idsTwice: [...counts.values()].filter((count) => count > 1).length,
    idsNever: given.filter((id) => !counts.has(id)).length,
    p99: { quiet: p99(took.quiet), during: p99(took.during) },
    droppedElsewhere: elsewhere.flatMap(({ tally }) => tally.failures),
  };
}

async function rollback(platform: RunningPlatform, app: string): Promise<void> {
  const { releases } = (await platform.api("GET", `/apps/${app}/releases`)) as {
    releases: { release: number; live: boolean; restorable: boolean }[];
  };
  const release = releases.find(({ live, restorable }) => !live && restorable)?.release;
  const { deploy } = (await platform.api("POST", `/apps/${app}/rollback`, { release })) as { deploy: number };
  await eventually(
    "the rollback has ended",
    async () => {
      const { state } = (await platform.api("GET", `/apps/${app}/deploys/${deploy}`)) as { state: string };
      if (state === "failed") throw new Error(`the rollback to release ${release} failed`);
      return state === "succeeded";
    },
    60_000,
  );
}

function p99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? Number.NaN;
}

const ratio = ({ p99: { quiet, during } }: Result) => during / quiet;

print(
  {
    name: "zero-downtime",
    columns: [
      "app on",
      "operations",
      "requests and streams",
      "failed",
      "ids twice",
      "ids never",
      "other app's streams dropped",
      "p99 quiet, ms",
      "p99 during, ms",
      "goal",
    ],
    rows: results.map((one) => [
      one.kind,
      String(one.operations),
      String(one.requests),
      String(one.failures.length),
      String(one.idsTwice),
      String(one.idsNever),
      String(one.droppedElsewhere.length),
      one.p99.quiet.toFixed(1),
      one.p99.during.toFixed(1),
      `none lost: ${one.failures.length + one.idsTwice + one.idsNever + one.droppedElsewhere.length === 0 ? "met" : "missed"}; p99 <= ${slowdownGoal} x quiet: ${ratio(one) <= slowdownGoal ? "met" : "missed"} (${ratio(one).toFixed(1)})`,
    ]),
    notes: [
      `Each app: ${runs * 5} deploys, ${runs * 2} rollbacks, ${runs * 2} changes of scale (1 and 3), ${runs} restarts, then ${runs * 2} deploys of another app, under load all along. Clients do not retry.`,
      "Load: 4 keep-alive GET, 2 keep-alive POST of 1 kB whose id the app writes down, a 10 s response, an upload of 100 MB in 10 s, an event stream and a WebSocket of 5 s each; and an event stream and a WebSocket of another app, held from begin to end. A body that comes short is a failure.",
      "The app ends at once when it gets TERM, whatever it is doing.",
      "The load, the app and the platform share the machine's cores: p99 during has their builds and starts in it.",
    ],
    samples: results,
  },
  json,
);
