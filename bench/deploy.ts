/**
 * From `hop3 deploy` to the first 200 of the new release through the edge, for each example: cold (a new app: nothing of
 * it is cached) and warm (the same app again, one file changed), beside the same commands by hand. In every run Hop3 and
 * the hand take turns, so that the difference is one of neighbours.
 */
import { readFileSync, mkdtempSync, writeFileSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultTiming } from "#supervisor/supervised-options.ts";
import { fetchThroughEdge } from "../test/e2e/http-through-edge.ts";
import type { RunningPlatform } from "../test/e2e/platform.ts";
import { handBuilt, lookMs, recipeOf } from "./by-hand.ts";
import { readOptions } from "./options.ts";
import { checkout, hop3, withPlatform } from "./platform.ts";
import { print, say } from "./report.ts";
import { spread, summarize, verdict } from "./statistics.ts";

/** Each example and the file that its first page is made of. */
const examples = {
  guestbook: "templates/guestbook.html",
  chat: "public/index.html",
  site: "public/index.html",
  jobs: "page.html",
} as const;
type Example = keyof typeof examples;

/** What the probe itself waits, in milliseconds: a process that does not listen must stay up for a while. */
const probeWait: Partial<Record<string, number>> = { jobs: defaultTiming.stayUp } satisfies {
  [name in Example]?: number;
};

/** Milliseconds. */
const overheadGoal = 500;
const warmGoal = 2000;
const patienceMs = 120_000;

type Deployed = { readonly first200: number; readonly whole: number };
type Sample = { readonly hop3: Deployed; readonly hand: number | undefined };
type Samples = { readonly cold: Sample[]; readonly warm: Sample[] };

const { runs, json } = readOptions(10);
const samples = Object.fromEntries(
  Object.keys(examples).map((name): [string, Samples] => [name, { cold: [], warm: [] }]),
);
const work = mkdtempSync(join(tmpdir(), "hop3-bench-"));

try {
  await withPlatform(async (platform) => {
    // What the server fetches once for all apps (a Node, package tools) and what it has not loaded yet is no app's cost.
    for (const name of Object.keys(examples)) await round(platform, name as Example, "first");
    for (let run = 1; run <= runs; run += 1) {
      for (const name of Object.keys(examples)) {
        const { cold, warm } = await round(platform, name as Example, `run${run}`);
        samples[name]?.cold.push(cold);
        samples[name]?.warm.push(warm);
      }
      say(`run ${run} of ${runs} done`);
    }
  });
} finally {
  await rm(work, { recursive: true, force: true });
}

/** One app from its first deploy to its removal. */
async function round(platform: RunningPlatform, name: Example, id: string): Promise<{ cold: Sample; warm: Sample }> {
  const app = `${name}-${id}`;
  const source = join(work, app);
  await cp(join(checkout, "examples", name), source, {
    recursive: true,
    filter: (path) => !/\/(node_modules|\.venv|__pycache__)$/.test(path),
  });
  const hand = handBuilt();
  const file = join(source, examples[name]);
  const page = readFileSync(file, "utf8");
  const deploy = async (release: number): Promise<Sample> => {
    const mark = `<!-- ${app} release ${release} -->`;
    writeFileSync(file, page + mark);
    const deployed = await deployAndAsk(platform, app, source, mark);
    return { hop3: deployed, hand: await hand.deploy(source, recipeOf(platform, app, release)) };
  };
  try {
    return { cold: await deploy(1), warm: await deploy(2) };
  } finally {
    await hand.remove();
    await platform.destroy(app);
    await rm(source, { recursive: true });
  }
}

async function deployAndAsk(platform: RunningPlatform, app: string, source: string, mark: string): Promise<Deployed> {
  const began = performance.now();
  let failed = false;
  const whole = hop3(platform, "deploy", source, "--app", app, "--yes").catch((error: unknown) => {
    failed = true;
    throw error;
  });
  // Awaited below; until then a failure is not unhandled.
  whole.catch(() => undefined);
  for (;;) {
    const answer = await fetchThroughEdge(platform.edge(app), "/").catch(() => undefined);
    if (answer?.status === 200 && answer.body.includes(mark)) break;
    if (failed) await whole;
    if (performance.now() - began > patienceMs) throw new Error(`${app} does not show ${mark}`);
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
  const first200 = performance.now() - began;
  return { first200, whole: await whole };
}

function row(name: string, kind: "cold" | "warm", list: readonly Sample[]): string[] {
  const first200 = summarize(list.map(({ hop3 }) => hop3.first200));
  const hand = list.flatMap(({ hand }) => (hand === undefined ? [] : [hand]));
  // Of the same run: what slows the machine or the registry slows both.
  const wait = probeWait[name] ?? 0;
  const overhead = summarize(list.map(({ hop3, hand = 0 }) => hop3.first200 - hand - wait));
  const goals = [`overhead <= ${overheadGoal}: ${verdict(overhead, overheadGoal)}`];
  if (kind === "warm" && (name === "site" || name === "chat"))
    goals.push(`whole <= ${warmGoal}: ${verdict(first200, warmGoal)}`);
  return [
    name,
    kind,
    spread(first200),
    hand.length === 0 ? "nothing to do" : spread(summarize(hand)),
    wait === 0 ? "none" : String(wait),
    spread(overhead),
    spread(summarize(list.map(({ hop3 }) => hop3.whole))),
    goals.join("; "),
  ];
}

print(
  {
    name: "deploy",
    columns: [
      "example",
      "",
      "`hop3 deploy` to first 200",
      "by hand to first 200",
      "probe's own wait",
      "overhead",
      "`hop3 deploy` to its end",
      "goal",
    ],
    rows: Object.entries(samples).flatMap(([name, { cold, warm }]) => [
      row(name, "cold", cold),
      row(name, "warm", warm),
    ]),
    notes: [
      `Milliseconds, median (min to max) of ${runs} runs; overhead is the difference within a run, without the probe's own wait.`,
      "`hop3 deploy` to first 200: from the start of the command to the first 200 through the edge whose page carries this deploy's mark. In: the CLI's start, packing, upload, detection, build, records, hooks, start, probe, cut-over. Out: drain and retire, which the last but one column has.",
      `By hand: the commands, environment and hooks that Hop3 recorded for this release, run directly, then its processes, asked every ${lookMs} ms until 200. Out: copying the source.`,
      "Cold: a new app, its caches empty; packages come from the registry. Warm: the same app with one file changed; its package cache is kept, its environment is built anew. By hand likewise.",
      "Probe's own wait: what listens is asked at once, and asking it the first time is in both figures; a worker counts as started when it has stayed up for a second, which nobody waits for by hand.",
    ],
    samples,
  },
  json,
);
