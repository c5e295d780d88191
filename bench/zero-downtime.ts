/**
 * What the users of a loaded app see while it is deployed, rolled back, scaled, restarted and reloaded, and while another
 * app is deployed: failed requests, ids executed twice or never, bodies cut short, dropped streams, and how long requests
 * take beside quiet times. On a unix socket and on a TCP port. `--runs 10` are 50 deploys, 20 rollbacks, 20 changes of
 * scale, 10 restarts and 5 reloads of the loaded app, each kind, and 20 deploys of the other. `--control` gives nothing
 * time to leave, and must find losses.
 */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { standardDrainSeconds } from "#cmd/wire/platform.ts";
import { deployLive, eventually } from "../test/e2e/apps.ts";
import type { RunningPlatform } from "../test/e2e/platform.ts";
import { compareIds } from "./load/ids.ts";
import type { Latency } from "./load/latency.ts";
import type { Tally } from "./load/loop.ts";
import { startBystanders, startMixedLoad } from "./load/mixed.ts";
import { readOptions } from "./options.ts";
import { checkout, withPlatform } from "./platform.ts";
import { print, say } from "./report.ts";

const warmUpSeconds = 5;
const quietSeconds = 20;
const slowdownGoal = 3;

/** Half of a long answer or upload: so many of them begin with one of three instances before two of these leave. */
const spreadMs = 5000;

type Result = {
  readonly kind: string;
  readonly operations: number;
  readonly minutes: number;
  readonly own: Tally;
  readonly ids: { readonly twice: number; readonly never: number };
  readonly elsewhere: Tally;
  readonly latency: Readonly<Record<"quiet" | "changed" | "since", Latency>>;
};

const { runs, json, control } = readOptions(10, { hasControl: true });
const results: Result[] = [];
const work = mkdtempSync(join(tmpdir(), "hop3-load-"));
const supervisor = control ? join(import.meta.dirname, "control/supervisor.ts") : undefined;

try {
  await withPlatform(async (platform) => {
    const other = await source("other", "tcp");
    await deployLive(platform, other, "other");
    for (const kind of ["unix", "tcp"] as const) results.push(await measure(platform, kind, other));
  }, supervisor);
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
  const another = `another-${kind}`;
  const directory = await source(app, kind);
  // A name that is new to the edge changes its document, which is not what is measured here (new-apps.ts).
  await deployLive(platform, other, another);
  await deployLive(platform, directory, app);
  await deployLive(platform, directory, app);
  const bystanders = startBystanders(platform.edge("other"));
  const load = startMixedLoad(platform.edge(app));
  await new Promise((resolve) => setTimeout(resolve, warmUpSeconds * 1000));
  load.latencies.quietFrom();
  await new Promise((resolve) => setTimeout(resolve, quietSeconds * 1000));
  const began = performance.now();
  let operations = 0;
  const repeatedly = async (what: string, times: number, once: (time: number) => Promise<unknown>) => {
    for (let time = 0; time < times; time += 1) {
      load.latencies.changing();
      await once(time);
      operations += 1;
    }
    say(`${kind}: ${times} x ${what}, ${Math.round((performance.now() - began) / 1000)} s`);
  };
  // A stream that is never ended makes each departure last its whole grace: in a tenth of the deploys.
  const held = Math.ceil(runs / 2);
  const release = load.holdStreams(control ? 0 : standardDrainSeconds);
  await repeatedly("deploy with streams held", held, () => deployLive(platform, directory, app));
  await release();
  await repeatedly("deploy", runs * 5 - held, () => deployLive(platform, directory, app));
  await repeatedly("rollback", runs * 2, (time) => rollback(platform, app, time % 2));
  await repeatedly("change of scale", runs * 2, async (time) => {
    await platform.api("PATCH", `/apps/${app}/processes`, { scale: { web: time % 2 === 0 ? 3 : 1 } });
    // Else no long answer is with those that leave next.
    if (time % 2 === 0) await new Promise((resolve) => setTimeout(resolve, spreadMs));
  });
  await repeatedly("restart", runs, () => platform.api("POST", `/apps/${app}/restart`));
  await repeatedly("reload", held, () => platform.api("POST", `/apps/${app}/reload`));
  await repeatedly("deploy of another", runs * 2, () => deployLive(platform, other, another));
  const minutes = (performance.now() - began) / 60_000;
  const own = await load.stop();
  const { latencies, ids } = load;
  return {
    kind,
    operations,
    minutes,
    own,
    ids: compareIds(ids, readFileSync(join(platform.layout.appData(app), "ids"), "utf8")),
    elsewhere: await bystanders.stop(),
    latency: { quiet: latencies.quiet(), changed: latencies.changed(), since: latencies.since() },
  };
}

/** Skips so many: what served last may still be kept warm, what served before that has to be started. */
async function rollback(platform: RunningPlatform, app: string, skip: number): Promise<void> {
  const { releases } = (await platform.api("GET", `/apps/${app}/releases`)) as {
    releases: { release: number; live: boolean; restorable: boolean }[];
  };
  const release = releases.filter(({ live, restorable }) => !live && restorable)[skip]?.release;
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

const lost = ({ own, ids, elsewhere }: Result) =>
  own.failed.length + own.broken.length + ids.twice + ids.never + elsewhere.failed.length;
const across = ({ own }: Result) => [...own.remarks].map(([what, count]) => `${count} ${what}`);
const ratio = ({ latency: { quiet, changed } }: Result) => changed.p99 / quiet.p99;
const ms = ({ p50, p99, max }: Latency) => `${p50.toFixed(1)} / ${p99.toFixed(1)} / ${max.toFixed(0)}`;

for (const { kind, own, elsewhere } of results)
  for (const what of [...own.failed, ...own.broken, ...elsewhere.failed]) say(`${kind}: ${what}`);

print(
  {
    name: `zero-downtime${control ? ", control: TERM at once" : ""}`,
    columns: [
      "app on",
      "operations, minutes",
      "requests and streams",
      "among them",
      "failed",
      "bodies cut short or changed",
      "ids twice",
      "ids never",
      "other app's streams dropped",
      "goal",
    ],
    rows: results.map((one) => [
      one.kind,
      `${one.operations}, ${one.minutes.toFixed(0)}`,
      String(one.own.good + one.own.failed.length + one.own.broken.length),
      across(one).join("<br>"),
      String(one.own.failed.length),
      String(one.own.broken.length),
      String(one.ids.twice),
      String(one.ids.never),
      String(one.elsewhere.failed.length),
      `none lost: ${lost(one) === 0 ? "met" : "missed"}`,
    ]),
    notes: [
      ...results.map(
        (one) =>
          `${one.kind}: a short request took (p50 / p99 / max, ms) ${ms(one.latency.quiet)} in quiet times, ${ms(one.latency.changed)} when it was due within 5 s of the begin of an operation, ${ms(one.latency.since)} all along; p99 <= ${slowdownGoal} x quiet: ${ratio(one) <= slowdownGoal ? "met" : "missed"} (${ratio(one).toFixed(1)}; ${one.latency.quiet.n} and ${one.latency.changed.n} requests).`,
      ),
      `Each app: ${runs * 5} deploys, ${runs * 2} rollbacks, ${runs * 2} changes of scale (1 and 3), ${runs} restarts and ${Math.ceil(runs / 2)} reloads, then ${runs * 2} deploys of another app, under load all along. Of the rollbacks every other one is to what is still kept warm. Clients do not retry.`,
      "Load: 200 keep-alive GET and 50 keep-alive POST of 1 kB a second, whose ids the app writes down; two answers of 10 s, one of them chunked; an upload of 100 MB in 10 s, told by its hash; an event stream and a WebSocket of 5 s each, their messages numbered. In the first tenth of the deploys an event stream and a WebSocket more, which only the app ends: it may when its grace of 30 s is over, in form. And an event stream and a WebSocket of another app, held from begin to end.",
      "A request is due on a timetable and its time is counted from then: a stall delays all that was due in it.",
      "The app ends at once when it gets TERM, whatever it is doing, but for a goodbye to its streams.",
      "The load, the app and the platform share the machine's cores.",
    ],
    samples: results.map((one) => ({ ...one, own: { ...one.own, remarks: across(one) } })),
  },
  json,
);
if (results.some((one) => lost(one) > 0 || one.own.remarks.size < 3) !== control) process.exitCode = 1;
