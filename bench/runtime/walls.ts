/** What the walls of system mode cost a Python app: the same command bare as root and inside them, in rounds that take turns. */
import { chownSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeCgroup, openTree } from "#supervisor/cgroup/cgroup.ts";
import { detectCgroups } from "#supervisor/cgroup/detect.ts";
import { wallClock } from "#supervisor/clock.ts";
import { wallArgv } from "#supervisor/walls/argv.ts";
import { readHostView } from "#supervisor/walls/host-view.ts";
import { seccompFilter } from "#supervisor/walls/seccomp.ts";
import { exec } from "#sys/exec.ts";
import { treeOf } from "../processes.ts";
import { type Report, say } from "../report.ts";
import { spread, summarize } from "../statistics.ts";
import type { DeployedPython } from "./app-servers.ts";
import { cpuPerThousand, type Drive, requestText } from "./drive.ts";
import { askSocket, type Command, type Serve } from "./serving.ts";

type Place = { readonly directory: string; readonly drive: Drive; readonly serve: Serve; readonly seconds: number };
type Sample = { readonly starts: readonly number[]; readonly rate: number; readonly cpu: number };

const uid = 70_001;
const startsOfRound = 4;

/** Why it cannot be measured here; undefined when it can. */
export function withoutWalls(): string | undefined {
  if (process.getuid?.() !== 0) return "walls: not measured, they need root";
  if (!existsSync("/usr/bin/bwrap")) return "walls: not measured, they need bwrap (bubblewrap)";
  return undefined;
}

export async function measureWalls(app: DeployedPython, place: Place, rounds: number): Promise<Report> {
  // In user mode a build is its user's alone; system mode seals it like this.
  await exec(["/bin/chmod", "-R", "a+rX", app.tree]);
  const tree = detectCgroups(`hop3-bench-${process.pid}`);
  if (tree !== undefined) openTree(tree, process.pid);
  const group = tree === undefined ? undefined : makeCgroup(tree, ["apps", String(uid), "bench"]);
  const ways = { without: bare(app, place), within: walled(app, place, group?.joins ?? []) };
  const samples: Record<keyof typeof ways, Sample[]> = { without: [], within: [] };
  try {
    for (let round = 1; round <= rounds; round += 1) {
      for (const name of round % 2 === 1 ? (["without", "within"] as const) : (["within", "without"] as const))
        samples[name].push(await measure(ways[name], place));
      say(`walls: round ${round} of ${rounds} done`);
    }
  } finally {
    if (tree !== undefined) await makeCgroup(tree, []).remove(wallClock);
  }
  return report(samples.without, samples.within, rounds, place.seconds);
}

async function measure({ command, socket }: Way, place: Place): Promise<Sample> {
  const starts: number[] = [];
  for (;;) {
    const { serving, ms } = await place.serve(command, () => askSocket(socket));
    try {
      starts.push(ms);
      if (starts.length < startsOfRound) continue;
      const load = { rate: 0, kind: "kept", connections: 4, seconds: place.seconds } as const;
      const driven = await place.drive(socket, load, [requestText("app.localhost", "/")], treeOf(serving.pid));
      return { starts, rate: driven.good / driven.seconds, cpu: cpuPerThousand(driven) };
    } finally {
      await stopTree(serving.pid);
      await serving.stop();
    }
  }
}

/** The process group may hold a shell that ignores what it is sent, so as to tell how the app ended; the app is asked itself. */
async function stopTree(pid: number): Promise<void> {
  for (const one of treeOf(pid).toReversed()) {
    try {
      process.kill(one, "SIGTERM");
    } catch {
      // It ended with its child.
    }
  }
}

type Way = { readonly command: Command; readonly socket: string };

function bare({ env, cwd, command }: DeployedPython, { directory }: Place): Way {
  const socket = join(directory, "bare.sock");
  return { command: { argv: ["/bin/sh", "-c", command], cwd, env: { ...env, HOP3_SOCKET: socket } }, socket };
}

/** As the supervisor does it in system mode, but for the launcher, which is there with walls and without. */
function walled({ tree, env, cwd, command }: DeployedPython, { directory }: Place, cgroups: readonly string[]): Way {
  const place = join(directory, "walled");
  for (const name of ["names", "data", "run"]) mkdirSync(join(place, name), { recursive: true });
  for (const name of ["data", "run"]) chownSync(join(place, name), uid, uid);
  for (const name of ["passwd", "group"]) writeFileSync(join(place, "names", name), `app:x:${uid}:${uid}::/:/bin/sh\n`);
  const filter = seccompFilter(process.arch);
  if (filter !== undefined) writeFileSync(join(place, "filter"), filter);
  const spec = {
    uid,
    apps: 65_530,
    cgroups,
    openFiles: 4096,
    filter: filter === undefined ? null : join(place, "filter"),
    names: join(place, "names"),
    readable: [tree],
    writable: [join(place, "data")],
    sockets: [join(place, "run")],
    temporary: { bytes: 1 << 26 },
    sharedMemory: 1 << 26,
    network: true,
    cwd,
  };
  const socket = join(place, "run/walled.sock");
  const argv = [...wallArgv(spec, readHostView()), "/bin/sh", "-c", command];
  return { command: { argv, cwd: "/", env: { ...env, HOP3_SOCKET: socket } }, socket };
}

function report(without: readonly Sample[], within: readonly Sample[], rounds: number, seconds: number): Report {
  const row = (what: string, of: (sample: Sample) => number, digits: number) => {
    const [ours, theirs] = [within.map(of), without.map(of)];
    const ratios = ours.map((value, round) => value / (theirs[round] ?? Number.NaN));
    return [what, spread(summarize(theirs), digits), spread(summarize(ours), digits), spread(summarize(ratios), 2)];
  };
  return {
    name: "runtime, cost of the walls",
    columns: ["Flask by Granian", "without", "within", "within / without"],
    rows: [
      row("start to first answer, ms", ({ starts }) => Math.min(...starts), 0),
      row("requests/s, 4 connections kept, saturation", ({ rate }) => rate, 0),
      row("CPU-seconds for 1000 requests", ({ cpu }) => cpu, 3),
    ],
    notes: [
      `Median (min to max) of ${rounds} rounds, the ratio is one within a round; start is the fastest of ${startsOfRound} in a round, a load lasts ${seconds} s.`,
      "Within: bwrap, the filter of system calls, Landlock where the kernel has it, the app's own user, no capabilities, a cgroup for the run, as in system mode (ADR 4 and 7). Without: the same command as root. Out of both: the launcher and its pumps.",
    ],
    samples: { without, within },
  };
}
