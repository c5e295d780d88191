/**
 * What the platform itself costs while nothing happens: memory (PSS) and CPU of supervisor, hop3d, Caddy and the helper
 * processes of instances (launcher and output pumps), with 0, 10 and 50 idle apps. The order is: a fresh start, 50 deploys
 * of 50 apps, then apps are destroyed down to 10 and to 0, then one app is deployed 50 times more. So every figure but
 * the first is one after 50 deploys, and growth by deploys would show.
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { protocolVersion } from "#supervisor/protocol.ts";
import { deployLive } from "../test/e2e/apps.ts";
import { processesOf, type RunningPlatform } from "../test/e2e/platform.ts";
import { readOptions } from "./options.ts";
import { withPlatform } from "./platform.ts";
import { argvOf, cpuSecondsOf, parentOf, pssOf } from "./processes.ts";
import { print, say } from "./report.ts";
import { spread, summarize, verdict } from "./statistics.ts";

/** MB for supervisor and hop3d together, and percent of one core. */
const memoryGoal = 120;
const cpuGoal = 1;

/** Seconds until the platform counts as idle, and of one look at it. */
const settleSeconds = 10;
const lookSeconds = 3;

const parts = ["supervisor", "hop3d", "caddy", "helpers"] as const;
type Part = (typeof parts)[number];
type Look = { readonly pss: Record<Part, number>; readonly cpu: Record<Part, number> };
type Point = { readonly when: string; readonly helpers: number; readonly looks: readonly Look[] };

const { runs, json } = readOptions(10);
const points: Point[] = [];
const source = mkdtempSync(join(tmpdir(), "hop3-idle-app-"));
writeIdleApp(source);

try {
  await withPlatform(async (platform) => {
    const name = (index: number) => `idle-${index}`;
    const destroy = async (from: number, to: number) => {
      for (let index = from; index > to; index -= 1) await platform.destroy(name(index));
    };
    points.push(await lookAt(platform, "0 apps, fresh start"));
    for (let index = 1; index <= 50; index += 1) await deployLive(platform, source, name(index));
    points.push(await lookAt(platform, "50 apps, 50 deploys"));
    await destroy(50, 10);
    points.push(await lookAt(platform, "10 apps, 50 deploys"));
    await destroy(10, 0);
    points.push(await lookAt(platform, "0 apps, 50 deploys"));
    for (let index = 1; index <= 50; index += 1) await deployLive(platform, source, name(1));
    points.push(await lookAt(platform, "1 app, 100 deploys"));
  });
} finally {
  await rm(source, { recursive: true, force: true });
}

/** A web process that does nothing until it is asked. */
function writeIdleApp(directory: string): void {
  writeFileSync(join(directory, "Procfile"), "web: exec python3 idle.py\n");
  // What stays is looked at, and what a deploy keeps warm for some minutes does not.
  writeFileSync(join(directory, "hop3.toml"), "[run]\nkeep-warm = 0\n");
  const program = `
import http.server, os

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"idle")

# serve_forever looks for a shutdown twice a second unless told otherwise.
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever(poll_interval=3600)
`;
  writeFileSync(join(directory, "idle.py"), program);
}

async function lookAt(platform: RunningPlatform, when: string): Promise<Point> {
  say(`${when}: looking`);
  await wait(settleSeconds);
  const pids = await partsOf(platform);
  const looks: Look[] = [];
  for (let run = 0; run < runs; run += 1) {
    const before = sums(pids, cpuSecondsOf);
    const began = performance.now();
    await wait(lookSeconds);
    const seconds = (performance.now() - began) / 1000;
    const after = sums(pids, cpuSecondsOf);
    const cpu = record((part) => ((after[part] - before[part]) / seconds) * 100);
    looks.push({ pss: sums(pids, pssOf), cpu });
  }
  return { when, helpers: pids.helpers.length, looks };
}

async function partsOf({ supervisor, base }: RunningPlatform): Promise<Record<Part, readonly number[]>> {
  const { pid } = await supervisor.call("hello", { protocol: protocolVersion });
  const { services } = await supervisor.call("status", {});
  const service = (wanted: string): number => {
    const found = services.find(({ name }) => name === wanted)?.pid;
    if (found === undefined || found === null) throw new Error(`${wanted} does not run`);
    return found;
  };
  const all = await processesOf(base);
  const shells = new Set(all.filter((one) => argvOf(one)[1]?.endsWith("/launcher.sh") === true));
  const pumps = all.filter((one) => argvOf(one)[0] === "dd" && shells.has(parentOf(one)));
  return { supervisor: [pid], hop3d: [service("hop3d")], caddy: [service("caddy")], helpers: [...shells, ...pumps] };
}

function sums(pids: Record<Part, readonly number[]>, of: (pid: number) => number): Record<Part, number> {
  return record((part) => pids[part].reduce((sum, pid) => sum + of(pid), 0));
}

function record(of: (part: Part) => number): Record<Part, number> {
  return { supervisor: of("supervisor"), hop3d: of("hop3d"), caddy: of("caddy"), helpers: of("helpers") };
}

function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

function row({ when, helpers, looks }: Point, what: "pss" | "cpu"): string[] {
  const digits = what === "pss" ? 1 : 2;
  const of = (list: readonly Part[]) =>
    summarize(looks.map((look) => list.reduce((sum, part) => sum + look[what][part], 0)));
  const own = of(["supervisor", "hop3d"]);
  const goal = what === "pss" ? `<= ${memoryGoal} MB` : `< ${cpuGoal} %`;
  return [
    when,
    ...parts.map((part) => spread(of([part]), digits) + (part === "helpers" ? `, ${helpers} processes` : "")),
    spread(own, digits),
    spread(of(parts), digits),
    `${goal}: ${verdict(own, what === "pss" ? memoryGoal : cpuGoal)}`,
  ];
}

const columns = ["supervisor", "hop3d", "Caddy", "helpers", "supervisor + hop3d", "all", "goal for supervisor + hop3d"];
const shared = { samples: points, notes: [] };
if (!json)
  print(
    {
      name: "footprint",
      columns: ["PSS in MB", ...columns],
      rows: points.map((point) => row(point, "pss")),
      ...shared,
    },
    json,
  );
print(
  {
    name: "footprint",
    columns: [json ? "when" : "CPU in % of a core", ...columns],
    rows: points.map((point) => row(point, "cpu")),
    samples: points,
    notes: [
      `Median (min to max) of ${runs} looks of ${lookSeconds} s each, ${settleSeconds} s after the last deploy. MB are 10^6 bytes.`,
      "PSS counts a page that n processes share as 1/n: the two Node processes share the Node binary. The idle apps are Python, so that none of them takes a share of it.",
      "Helpers: the launcher of each instance and service (a shell) with its two output pumps (a shell each, and a dd while the app runs).",
      "In: user and system time of every thread. Out: the apps themselves, and what the kernel does for them.",
    ],
  },
  json,
);
