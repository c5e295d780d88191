/**
 * From `hop3 rollback` to the first answer of the older release through the edge: warm (its instances were kept) and cold
 * (`keep-warm = 0`: they are started), beside the bare boot of the same app, started by hand from the same build. Two
 * releases take turns, each round brings the other one back; in every round warm, hand and cold take turns.
 */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fetchThroughEdge } from "../test/e2e/http-through-edge.ts";
import type { RunningPlatform } from "../test/e2e/platform.ts";
import { bootByHand, lookMs } from "./by-hand.ts";
import { readOptions } from "./options.ts";
import { checkout, hop3, withPlatform } from "./platform.ts";
import { print, say } from "./report.ts";
import { spread, summarize, verdict } from "./statistics.ts";

/** Each example and the file that its first page is made of. */
const examples = { guestbook: "templates/guestbook.html", chat: "public/index.html" } as const;
type Example = keyof typeof examples;
const kinds = ["warm", "cold"] as const;
type Kind = (typeof kinds)[number];

/** Milliseconds, warm from the command and cold above the boot by hand. */
const goal = 300;
const patienceMs = 60_000;

type Brought = { readonly first: number; readonly whole: number };
type Samples = { readonly warm: Brought[]; readonly cold: Brought[]; readonly hand: number[] };

const { runs, json } = readOptions(10);
const names = Object.keys(examples) as Example[];
const samples = new Map(names.map((name): [Example, Samples] => [name, { warm: [], cold: [], hand: [] }]));
const work = mkdtempSync(join(tmpdir(), "hop3-bench-"));
const mark = (app: string, release: number) => `<!-- ${app} release ${release} -->`;

try {
  await withPlatform(async (platform) => {
    for (const name of names) for (const kind of kinds) await deployTwo(platform, name, kind);
    // The second release serves; nobody's first time is measured.
    for (let run = 0; run <= runs; run += 1) {
      const release = run % 2 === 0 ? 1 : 2;
      for (const [name, all] of samples) {
        const warm = await bringBack(platform, `${name}-warm`, release);
        const hand = await bootByHand(platform, `${name}-warm`, release);
        const cold = await bringBack(platform, `${name}-cold`, release);
        if (run === 0) continue;
        all.warm.push(warm);
        all.hand.push(hand);
        all.cold.push(cold);
      }
      say(run === 0 ? "begins" : `run ${run} of ${runs} done`);
    }
  });
} finally {
  await rm(work, { recursive: true, force: true });
}

async function deployTwo(platform: RunningPlatform, name: Example, kind: Kind): Promise<void> {
  const app = `${name}-${kind}`;
  const source = join(work, app);
  await cp(join(checkout, "examples", name), source, {
    recursive: true,
    filter: (path) => !/\/(node_modules|\.venv|__pycache__)$/.test(path),
  });
  if (kind === "cold") {
    const file = join(source, "hop3.toml");
    const toml = readFileSync(file, "utf8");
    if (/^\[run\]/m.test(toml)) throw new Error(`${file} has a table [run] already`);
    writeFileSync(file, `${toml}\n[run]\nkeep-warm = 0\n`);
  }
  const file = join(source, examples[name]);
  const page = readFileSync(file, "utf8");
  for (const release of [1, 2]) {
    writeFileSync(file, page + mark(app, release));
    await hop3(platform, "deploy", source, "--app", app, "--yes");
  }
}

async function bringBack(platform: RunningPlatform, app: string, release: number): Promise<Brought> {
  const began = performance.now();
  let failed = false;
  const whole = hop3(platform, "rollback", String(release), "--app", app, "--yes").catch((error: unknown) => {
    failed = true;
    throw error;
  });
  // Awaited below; until then a failure is not unhandled.
  whole.catch(() => undefined);
  for (;;) {
    const answer = await fetchThroughEdge(platform.edge(app), "/").catch(() => undefined);
    if (answer?.status === 200 && answer.body.includes(mark(app, release))) break;
    if (failed) await whole;
    if (performance.now() - began > patienceMs) throw new Error(`${app} does not show ${mark(app, release)}`);
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
  const first = performance.now() - began;
  return { first, whole: await whole };
}

function row(name: string, kind: Kind, { hand, ...brought }: Samples): string[] {
  const first = summarize(brought[kind].map((one) => one.first));
  const above = summarize(brought[kind].map((one, run) => one.first - (hand[run] ?? Number.NaN)));
  return [
    name,
    kind,
    spread(first),
    spread(summarize(hand)),
    kind === "warm" ? "" : spread(above),
    spread(summarize(brought[kind].map((one) => one.whole))),
    kind === "warm" ? `<= ${goal}: ${verdict(first, goal)}` : `boot + ${goal}: ${verdict(above, goal)}`,
  ];
}

print(
  {
    name: "rollback",
    columns: [
      "example",
      "",
      "`hop3 rollback` to first answer",
      "boot by hand to first answer",
      "above the boot",
      "`hop3 rollback` to its end",
      "goal",
    ],
    rows: [...samples].flatMap(([name, all]) => kinds.map((kind) => row(name, kind, all))),
    notes: [
      `Milliseconds, median (min to max) of ${runs} runs; above the boot is the difference within a run.`,
      "`hop3 rollback` to first answer: from the start of the command to the first 200 through the edge whose page carries the older release's mark. In: the CLI's start, the request, records, taking over or starting the instance, probe, cut-over. Out: drain and clean-up, which the last but one column has.",
      `Boot by hand: the process of the same build with its recorded environment, asked every ${lookMs} ms until 200. Out: everything before its start.`,
      "Warm: the older release's instance was kept and is taken over. Cold: `[run] keep-warm = 0`, so it is started.",
    ],
    samples: Object.fromEntries(samples),
  },
  json,
);
