/**
 * The whole way of a request: Caddy and Granian as Hop3 runs them after deploys, and nginx and uWSGI on the same apps,
 * both on a TCP port of the loopback. Rates are fixed, so that p99 and CPU-seconds can be compared. In rounds that take turns.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { protocolVersion } from "#supervisor/protocol.ts";
import { freePortFrom } from "#sys/free-port.ts";
import { deployLive } from "../../test/e2e/apps.ts";
import type { RunningPlatform } from "../../test/e2e/platform.ts";
import { recipeInPlace } from "../by-hand.ts";
import { checkout } from "../platform.ts";
import { treeOf } from "../processes.ts";
import { type Report, say } from "../report.ts";
import { spread, summarize } from "../statistics.ts";
import { cpuPerThousand, type Drive, type Driven, type Load, requestText } from "./drive.ts";
import { nginxArgv, type Site } from "./nginx.ts";
import { askSocket, dialed, type Serving, type Serve } from "./serving.ts";
import { uwsgiArgv } from "./uwsgi.ts";

type Place = {
  readonly directory: string;
  readonly drive: Drive;
  readonly serve: Serve;
  readonly uwsgi: string;
  readonly nginx: string;
  readonly seconds: number;
};

type Case = {
  readonly name: string;
  readonly load: Load;
  readonly requests: readonly Uint8Array[];
  /** The apps whose processes do the work beside the edge's. */
  readonly apps: readonly string[];
};

type Stack = { readonly address: string; pids(apps: readonly string[]): Promise<readonly number[]> };

const apps = Array.from({ length: 10 }, (_, index) => `app${index}`);
const hostOf = (app: string) => `${app}.localhost`;
const uploadBytes = 10 * 1024 * 1024;
const fileBytes = 10 * 1024;

export async function measureStacks(platform: RunningPlatform, place: Place, rounds: number): Promise<Report> {
  const site = writeSite(place.directory);
  const flask = join(checkout, "bench/apps/flask");
  for (const app of apps) await deployLive(platform, flask, app);
  await deployLive(platform, join(checkout, "bench/apps/echo"), "echo");
  await deployLive(platform, site, "site");
  say("stacks: twelve apps are deployed");
  const rival = await startNginx(platform, place, join(site, "public"));
  const stacks = { hop3: ours(platform), nginx: rival.stack };
  const samples = new Map<string, Record<keyof typeof stacks, Driven[]>>();
  try {
    for (let round = 1; round <= rounds; round += 1) {
      for (const one of cases(place.seconds)) {
        const found = samples.get(one.name) ?? { hop3: [], nginx: [] };
        samples.set(one.name, found);
        for (const name of round % 2 === 1 ? (["hop3", "nginx"] as const) : (["nginx", "hop3"] as const)) {
          const { address, pids } = stacks[name];
          found[name].push(await place.drive(address, one.load, one.requests, await pids(one.apps)));
        }
      }
      say(`stacks: round ${round} of ${rounds} done`);
    }
  } finally {
    await rival.stop();
  }
  return report(samples, rounds, place.seconds);
}

function cases(seconds: number): readonly Case[] {
  const page = (app: string) => requestText(hostOf(app), "/");
  const kept = { kind: "kept", connections: 16, seconds } as const;
  const upgrade = `GET / HTTP/1.1\r\nHost: ${hostOf("echo")}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
  const body = new Uint8Array(uploadBytes).fill(0x61);
  return [
    {
      name: "one app, 100 requests/s",
      load: { ...kept, rate: 100, seconds: seconds * 2 },
      requests: [page("app0")],
      apps: ["app0"],
    },
    { name: "one app, 1000 requests/s", load: { ...kept, rate: 1000 }, requests: [page("app0")], apps: ["app0"] },
    { name: "ten apps, 100 requests/s each", load: { ...kept, rate: 1000 }, requests: apps.map(page), apps },
    {
      name: "4 WebSockets, 400 messages/s of 64 bytes, to and fro",
      load: { kind: "echo", connections: 4, rate: 400, seconds },
      requests: [Buffer.from(upgrade)],
      apps: ["echo"],
    },
    {
      name: "uploads of 10 MB, 5 a second",
      load: { ...kept, rate: 5, seconds: seconds * 2 },
      requests: [requestText(hostOf("app0"), "/up", { body })],
      apps: ["app0"],
    },
    {
      name: "static file of 10 kB, 1000 requests/s",
      load: { ...kept, rate: 1000 },
      requests: [requestText(hostOf("site"), "/file.txt")],
      apps: [],
    },
  ];
}

function writeSite(directory: string): string {
  const site = join(directory, "site");
  mkdirSync(join(site, "public"), { recursive: true });
  writeFileSync(join(site, "public/index.html"), "<!doctype html><title>Site</title>\n");
  writeFileSync(join(site, "public/file.txt"), "x".repeat(fileBytes));
  return site;
}

function ours({ supervisor, settings }: RunningPlatform): Stack {
  return {
    address: `127.0.0.1:${settings.httpPort}`,
    async pids(wanted) {
      await supervisor.call("hello", { protocol: protocolVersion });
      const { services, apps } = await supervisor.call("status", {});
      const caddy = services.flatMap(({ name, pid }) => (name === "caddy" && pid !== null ? [pid] : []));
      const web = apps.flatMap(({ app, instances }) =>
        wanted.includes(app) ? instances.flatMap(({ pid }) => (pid === null ? [] : treeOf(pid))) : [],
      );
      return [...caddy, ...web];
    },
  };
}

/** The same apps from the trees that Hop3 built, a uWSGI each. */
async function startNginx(
  platform: RunningPlatform,
  { directory, serve, uwsgi, nginx }: Place,
  files: string,
): Promise<{ readonly stack: Stack; stop(): Promise<void> }> {
  const running = new Map<string, Serving>();
  const stop = async () => {
    for (const one of [...running.values()].toReversed()) await one.stop();
  };
  try {
    const sites: Site[] = [{ host: hostOf("site"), files }];
    for (const app of apps) {
      const { tree, env } = recipeInPlace(platform, app, 1);
      const [socket, asked] = [join(directory, `${app}.sock`), join(directory, `${app}-asked.sock`)];
      // The second socket is only to know that it has started.
      const sockets = ["--socket", socket, "--http-socket", asked];
      const argv = uwsgiArgv(uwsgi, { venv: join(tree, ".venv"), target: "app:app", sockets });
      running.set(app, (await serve({ argv, cwd: tree, env }, () => askSocket(asked))).serving);
      sites.push({ host: hostOf(app), uwsgi: socket });
    }
    const { tree, env } = recipeInPlace(platform, "echo", 1);
    const upgrade = join(directory, "echo.sock");
    const argv = uwsgiArgv(uwsgi, {
      venv: join(tree, ".venv"),
      target: "by_uwsgi",
      sockets: ["--http-socket", upgrade],
    });
    running.set("echo", (await serve({ argv, cwd: tree, env }, () => dialed({ path: upgrade }))).serving);
    sites.push({ host: hostOf("echo"), upgrade });
    const port = await freePortFrom(19_000 + (process.pid % 500) * 2, "127.0.0.1");
    if (port === undefined) throw new Error("no free port for nginx");
    const edge = { argv: nginxArgv(nginx, directory, port, sites), cwd: directory, env: {} };
    running.set("nginx", (await serve(edge, () => dialed({ port, host: "127.0.0.1" }))).serving);
    return {
      stack: {
        address: `127.0.0.1:${port}`,
        pids: async (wanted) => ["nginx", ...wanted].flatMap((name) => treeOf(running.get(name)?.pid ?? 0)),
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function report(
  samples: ReadonlyMap<string, Record<"hop3" | "nginx", readonly Driven[]>>,
  rounds: number,
  seconds: number,
): Report {
  const digitsOf = (values: readonly number[]) => (Math.max(...values) < 1 ? 3 : 2);
  const cells = (ours: readonly number[], theirs: readonly number[]) => [
    spread(summarize(ours), digitsOf(ours)),
    spread(summarize(theirs), digitsOf(theirs)),
    spread(summarize(ours.map((value, round) => value / (theirs[round] ?? Number.NaN))), 2),
  ];
  return {
    name: "runtime, whole stacks",
    columns: [
      "",
      "p99, ms: Caddy + Granian",
      "nginx + uWSGI",
      "ratio",
      "CPU-seconds for 1000: Caddy + Granian",
      "nginx + uWSGI",
      "ratio",
    ],
    rows: [...samples].map(([name, { hop3, nginx }]) => [
      name,
      ...cells(
        hop3.map(({ p99 }) => p99),
        nginx.map(({ p99 }) => p99),
      ),
      ...cells(hop3.map(cpuPerThousand), nginx.map(cpuPerThousand)),
    ]),
    notes: [
      `No goal. Median (min to max) of ${rounds} rounds, the ratio is one within a round. A load lasts ${seconds} s (100 requests/s and uploads: ${seconds * 2} s), on 16 connections that are kept, on a timetable; a time counts from when its request was due.`,
      "Caddy and Granian as Hop3 runs them after a deploy, on a TCP port of the loopback; nginx as the distribution builds it (`worker_processes auto`) and uWSGI by its own protocol on a unix socket, one worker and four threads an app. Neither logs requests.",
      "CPU: the edge's processes and those of the apps that are asked. In: what the kernel does in their name. Out: the load.",
      "WebSockets: with Hop3 an ASGI app by Granian. A WSGI app such as Flask has none with either; with uWSGI it takes its own calls, and each connection holds a thread.",
      "Uploads: Caddy passes a body on as it comes, nginx writes it to a file first (its default).",
    ],
    samples: Object.fromEntries(samples),
  };
}
