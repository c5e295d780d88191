/**
 * Granian as Hop3 installs and starts it, and uWSGI, on the same app, Python, packages and kind of socket, asked directly.
 * In each round both are started, asked and ended, and who comes first changes.
 */
import { join } from "node:path";
import { pssOf, treeOf } from "../processes.ts";
import { type Report, say } from "../report.ts";
import { cpuPerThousand, type Drive, type Driven, type Load, requestText } from "./drive.ts";
import { askSocket, untilDone, type Command, type Serving, type Serve } from "./serving.ts";
import { sideBySide, type Better } from "./side-by-side.ts";
import { uwsgiArgv } from "./uwsgi.ts";

/** What a deploy recorded of a Python app, in the place where it was built. */
export type DeployedPython = {
  readonly tree: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly command: string;
};

type Place = {
  readonly directory: string;
  readonly drive: Drive;
  readonly serve: Serve;
  readonly uwsgi: string;
  readonly seconds: number;
};

type Server = {
  readonly command: Command;
  /** Where connections are served that are `kept`, and that are `new` for each request. */
  readonly sockets: Readonly<Record<"kept" | "new", string>>;
  /** What brings new code into service; resolves when it answers, with what has come into being beside the old. */
  reload(old: Serving): Promise<readonly Serving[]>;
};

type Sample = {
  /** Milliseconds. */
  readonly starts: readonly number[];
  readonly reload: number;
  /** MB of all its processes: when it has answered some requests, and after all loads. */
  readonly pss: { readonly first: number; readonly last: number };
  readonly loads: ReadonlyMap<string, Driven>;
};

const startsOfRound = 2;
const warmUp = { rate: 200, connections: 4, seconds: 0.5 };

/** Kept connections are no more than uWSGI has threads: each of them holds one. */
const connections = { new: 32, kept: 4 };

export async function measureAppServers(app: DeployedPython, place: Place, rounds: number): Promise<Report> {
  const servers = { granian: granianOf(app, place), uwsgi: uwsgiOf(app, place) };
  const samples: Record<keyof typeof servers, Sample[]> = { granian: [], uwsgi: [] };
  for (let round = 1; round <= rounds; round += 1) {
    for (const name of round % 2 === 1 ? (["granian", "uwsgi"] as const) : (["uwsgi", "granian"] as const))
      samples[name].push(await measure(servers[name], place));
    say(`app servers: round ${round} of ${rounds} done`);
  }
  return report(samples.granian, samples.uwsgi, place.seconds);
}

/** A load at 100 a second takes twice as long, for the sake of its p99. */
function loads(seconds: number): readonly (readonly [name: string, kind: "kept" | "new", load: Load])[] {
  return (["new", "kept"] as const).flatMap((kind) =>
    [100, 1000, 0].map((rate) => {
      const how = kind === "new" ? "a connection each" : `${connections.kept} connections kept`;
      const name = `${rate === 0 ? "saturation" : `${rate} requests/s`}, ${how}`;
      return [
        name,
        kind,
        { rate, kind, connections: connections[kind], seconds: rate === 100 ? seconds * 2 : seconds },
      ];
    }),
  );
}

async function measure(server: Server, { drive, serve, seconds }: Place): Promise<Sample> {
  const { command, sockets } = server;
  const request = { new: requestText("app.localhost", "/", { close: true }), kept: requestText("app.localhost", "/") };
  const starts: number[] = [];
  const running: Serving[] = [];
  const stop = async () => {
    for (const one of running.splice(0)) await one.stop();
  };
  try {
    while (starts.length < startsOfRound) {
      await stop();
      const { serving, ms } = await serve(command, () => askSocket(sockets.new));
      running.push(serving);
      starts.push(ms);
    }
    const [serving] = running;
    if (serving === undefined) throw new Error("nothing was started");
    const pss = () => treeOf(serving.pid).reduce((sum, pid) => sum + pssOf(pid), 0);
    for (const kind of ["new", "kept"] as const) await drive(sockets[kind], { ...warmUp, kind }, [request[kind]], []);
    const first = pss();
    const driven = new Map<string, Driven>();
    for (const [name, kind, load] of loads(seconds))
      driven.set(name, await drive(sockets[kind], load, [request[kind]], treeOf(serving.pid)));
    const last = pss();
    const began = performance.now();
    running.push(...(await server.reload(serving)));
    return { starts, reload: performance.now() - began, pss: { first, last }, loads: driven };
  } finally {
    await stop();
  }
}

/** A reload of Hop3's is an instance beside the one that serves. */
function granianOf({ env, cwd, command }: DeployedPython, { directory, serve }: Place): Server {
  const on = (socket: string): Command => ({
    argv: ["/bin/sh", "-c", command],
    cwd,
    env: { ...env, HOP3_SOCKET: socket },
  });
  const [socket, next] = [join(directory, "granian.sock"), join(directory, "granian-next.sock")];
  return {
    command: on(socket),
    sockets: { kept: socket, new: socket },
    reload: async () => [(await serve(on(next), () => askSocket(next))).serving],
  };
}

/** A reload is a HUP: the master starts itself and its worker anew, and requests wait in the socket's queue meanwhile. */
function uwsgiOf({ env, cwd, tree }: DeployedPython, { directory, uwsgi }: Place): Server {
  const sockets = { kept: join(directory, "uwsgi-kept.sock"), new: join(directory, "uwsgi.sock") };
  const listens = ["--http-socket", sockets.new, "--http11-socket", sockets.kept];
  return {
    command: { argv: uwsgiArgv(uwsgi, { venv: join(tree, ".venv"), target: "app:app", sockets: listens }), cwd, env },
    sockets,
    async reload({ pid }) {
      const before = await askSocket(sockets.new, "/pid");
      process.kill(pid, "SIGHUP");
      await untilDone(async () => {
        if ((await askSocket(sockets.new, "/pid")) === before) throw new Error("the old worker answers still");
      });
      return [];
    },
  };
}

function report(granian: readonly Sample[], uwsgi: readonly Sample[], seconds: number): Report {
  const row = (what: string, of: (sample: Sample) => number, digits: number, better: Better = "less") =>
    sideBySide(what, granian.map(of), uwsgi.map(of), digits, better);
  const rate = ({ good, seconds }: Driven) => good / seconds;
  const loadRows = loads(seconds).flatMap(([name, , load]) => {
    const of = (figure: (driven: Driven) => number) => (sample: Sample) => figure(sample.loads.get(name) as Driven);
    return [
      ...(load.rate === 0 ? [row(`${name}: requests/s`, of(rate), 0, "more")] : []),
      row(
        `${name}: p50, ms`,
        of(({ p50 }) => p50),
        2,
      ),
      row(
        `${name}: p95, ms`,
        of(({ p95 }) => p95),
        2,
      ),
      row(
        `${name}: p99, ms`,
        of(({ p99 }) => p99),
        2,
      ),
      row(`${name}: CPU-seconds for 1000 requests`, of(cpuPerThousand), 3),
    ];
  });
  const start = ({ starts }: Sample) => Math.min(...starts);
  return {
    name: "runtime, app servers",
    columns: ["", "Granian", "uWSGI", "Granian / uWSGI", "goal: at least as good"],
    rows: [
      ...loadRows,
      row("start to first answer, ms", start, 0),
      row("reload to first answer of the new code, ms", ({ reload }) => reload, 0),
      row("PSS after its first requests, MB", ({ pss }) => pss.first, 1),
      row("PSS after all loads, MB", ({ pss }) => pss.last, 1),
    ],
    notes: [
      `Median (min to max) of ${granian.length} rounds; the ratio is one within a round. Met: in every round; missed: in none.`,
      `Both: one worker, four threads, the same Flask app, Python and packages of one deploy, no log of requests, a unix socket asked directly. Granian by the command and environment that the deploy recorded; uWSGI 2.0.31 built for this Python.`,
      `A load lasts ${seconds} s (100 requests/s: ${seconds * 2} s). With a timetable, a request's time counts from when it was due; at saturation each of 32 (kept: 4) connections asks as soon as it was answered.`,
      "Kept connections are as many as there are threads, for each holds a thread of uWSGI (`--http11-socket`; a connection each: `--http-socket`). Granian serves both on one socket.",
      `Start: the faster of ${startsOfRound} starts of a round. Reload: Hop3 starts an instance beside the old one, which goes on serving; uWSGI gets HUP and answers nobody until it is back.`,
    ],
    samples: { granian: granian.map(plain), uwsgi: uwsgi.map(plain) },
  };
}

const plain = ({ loads, ...rest }: Sample) => ({ ...rest, loads: Object.fromEntries(loads) });
