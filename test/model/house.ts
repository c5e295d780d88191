/** The real supervisor that is tried, in a process of its own, on a root with the records of all apps and releases. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { recordEnvContext, sealEnv } from "#core/sealed.ts";
import { benchProcesses, eventually, makeBench, testKey, type Bench } from "#supervisor/bench.ts";
import type { CgroupTree } from "#supervisor/cgroup/detect.ts";
import { makeWalledBench } from "#supervisor/testing-walled.ts";
import { appNames } from "./events.ts";
import { buildSteps, cronJobs, releaseNumbers, specsOf } from "./releases.ts";
import type { Word } from "./supervisor.ts";

export type House = {
  readonly bench: Bench;
  /** The directory whose name every process of it carries. */
  readonly base: string;
  /** Of cgroups, in system mode. */
  readonly tree: CgroupTree | undefined;
  /** Whether an app can be asked from here: in system mode ports are of another network. */
  readonly canDial: (address: string) => boolean;
  /** Of the supervisor; 0 while there is none. */
  readonly pid: () => number;
  /** Starts the supervisor when there is none. Fails when the one before ended as nobody had it end. */
  up(): Promise<void>;
  kill(): Promise<void>;
  arm(point: string, nth: number): void;
  /** As a service manager stops it; it has to end well. */
  stop(): Promise<void>;
  /** Everything is killed, and what does not outlive a boot is gone. */
  reboot(): Promise<void>;
  clean(): Promise<void>;
};

/** In system mode its supervisor runs as root in a network of its own, and makes a user and directories for each app first. */
export async function makeHouse(mode: "user" | "system"): Promise<House> {
  const walled = mode === "system" ? await makeWalledBench() : undefined;
  const bench = walled ?? makeBench();
  const base = bench.env["BENCH"] ?? "";
  let child: ChildProcess | undefined;
  let ended: Promise<string> = Promise.resolve("");
  let isKilled = false;
  let isArmed = false;
  const words: string[] = [];
  const alive = (): boolean => child !== undefined && child.exitCode === null && child.signalCode === null;
  const start = async (): Promise<void> => {
    if (child !== undefined && !isKilled && !(isArmed && child.signalCode === "SIGKILL"))
      throw new Error(`the supervisor ended by itself: ${await ended}\n${words.join("").slice(-4000)}`);
    [isKilled, isArmed] = [false, false];
    const { root, run } = bench.layout;
    const own = [process.execPath, join(import.meta.dirname, "supervisor.ts"), JSON.stringify({ root, run, mode })];
    const [file = "", ...args] = [...(walled?.inNetwork ?? []), ...own];
    const one = spawn(file, args, { stdio: ["ignore", "ignore", "pipe", "ipc"] });
    child = one;
    words.length = 0;
    one.stderr?.setEncoding("utf8").on("data", (text: string) => words.push(text));
    ended = once(one, "exit").then(([code, signal]) => String(signal ?? `exit ${code}`));
    const serving = once(one, "message").then(() => "serving");
    const how = await Promise.race([serving, ended]);
    if (how !== "serving") throw new Error(`the supervisor did not start: ${how}\n${words.join("")}`);
  };
  const say = (word: Word): void => {
    if (alive()) child?.send(word, () => undefined);
  };
  const kill = async (): Promise<void> => {
    isKilled = true;
    child?.kill("SIGKILL");
    await ended;
  };
  if (mode === "system") await start();
  for (const app of appNames) writeRecords(bench, app);
  return {
    bench,
    base,
    tree: walled?.tree,
    canDial: (address) => mode === "user" || address.startsWith("unix/"),
    pid: () => (alive() ? (child?.pid ?? 0) : 0),
    async up() {
      if (!alive()) await start();
    },
    kill,
    arm(point, nth) {
      isArmed = true;
      say({ arm: [point, nth] });
    },
    async stop() {
      if (!alive()) return;
      say({ stop: true });
      const how = await ended;
      if (how !== "exit 0" && !((isArmed || isKilled) && how === "SIGKILL"))
        throw new Error(`the supervisor's stop ended with ${how}`);
      isKilled = true;
    },
    async reboot() {
      await kill();
      await eventually(() => killAll(base) === 0, "everything is dead");
      rmSync(bench.layout.run, { recursive: true, force: true });
    },
    async clean() {
      await kill();
      await bench.clean();
    },
  };
}

/** How many there were. */
function killAll(base: string): number {
  const found = benchProcesses(base);
  for (const pid of found) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
  return found.length;
}

function writeRecords(bench: Bench, app: string): void {
  for (const release of releaseNumbers)
    bench.release(app, release, specsOf(release, "app.pl"), { cron: cronJobs, env: envOf(bench, app, release) });
  bench.build(
    app,
    1,
    buildSteps.map((line) => ({ argv: ["/bin/sh", "-c", line], timeout: 1 })),
  );
  copyFileSync(join(import.meta.dirname, "app.pl"), join(bench.layout.buildTree(app, 1), "app.pl"));
}

/** The same for all releases: what differs in it would not be taken over from what is kept warm. */
function envOf(bench: Bench, app: string, release: number): string {
  return sealEnv(testKey, recordEnvContext("release", app, release), bench.env);
}
