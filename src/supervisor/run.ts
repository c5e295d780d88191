/**
 * One run of one instance: from the spawn of its launcher, or the finding of it after our own death, to the last line of
 * its output. A run's directory holds what the launcher writes (docs/adr/0002) and `about.json`, our note of what it is.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, mkdirSync, readFileSync, rmSync, watch, type FSWatcher } from "node:fs";
import { basename, join } from "node:path";
import { sizeText } from "#core/app-limits.ts";
import type { Clock } from "#sys/clock.ts";
import { replaceFile } from "./atomic-file.ts";
import type { Cgroup } from "./cgroup/cgroup.ts";
import { enclose } from "./enclose.ts";
import { nextRunName, type LogPlace } from "./log-files.ts";
import { LAUNCHER_ENV, launcherArgv, prepareInstance } from "./output/launcher.ts";
import { LogReader } from "./output/log-reader.ts";
import { describeOutcome, readOutcome, type Outcome } from "./output/status-file.ts";
import type { OwnLog } from "./own-log.ts";
import { markName, type Marked } from "./proc-tree.ts";
import { makeDirectory } from "./safe-path.ts";
import type { System } from "./system.ts";
import type { RunWalls } from "./walls/run-walls.ts";

/** Raised when `About` changes its meaning: the supervisor after an upgrade meets runs that the one before it started. */
const aboutVersion = 2;

/** What a supervisor that did not start the run must know of it. */
export type About = {
  /** The mark of its processes. */
  readonly mark: string;
  /** `web.1`, `caddy`. */
  readonly process: string;
  readonly logs: LogPlace;
  readonly startedAt: number;
  /** Null for what does not listen. */
  readonly listens: { readonly socket: string; readonly port: number } | null;
  readonly startTimeout: number;
  readonly stopTimeout: number;
  /** Differs when the command would be another one today. */
  readonly fingerprint: string;
  /** Names of its own cgroup, and what it may take; null without one. Notes of version 1 name none, older ones no `processes`. */
  readonly cgroup: {
    readonly parts: readonly string[];
    readonly memory: number | null;
    readonly processes?: number | null;
  } | null;
};

export type Command = {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** An open descriptor of the working directory; the run closes it. Null for the root directory. */
  readonly cwd: number | null;
  /** In system mode: what stands around it. The working directory is inside then, and `cwd` is only closed. */
  readonly walls?: RunWalls | undefined;
};

/** A start as it is prepared: all but what only the moment of the start knows. */
export type Start = { readonly about: Omit<About, "startedAt" | "mark" | "cgroup">; readonly command: Command };

export type RunContext = {
  readonly clock: Clock;
  readonly bootId: string;
  readonly launcherScript: string;
  /** Undefined in user mode. */
  readonly system: System | undefined;
  readonly log: OwnLog;
  /** A file of these logs was begun or finished: they keep to their bound together, and what is finished is compressed. */
  readonly tidyLogs: (logs: LogPlace) => void;
};

/** Gathers a burst of output. */
const settleMs = 25;
/** For what inotify dropped, and for a launcher that was killed and so writes nothing. A look of 50 runs costs 25 ms. */
const lookMs = 5000;
/** How long the last output may take after the whole tree has ended. */
const drainedWaitMs = 5000;

export class Run {
  readonly directory: string;
  readonly about: About;
  /** Resolves when the app's main process has ended; its tree may still have members. */
  readonly ended: Promise<Outcome>;
  readonly #context: RunContext;
  readonly #child: ChildProcess | undefined;
  readonly #cgroup: Cgroup | undefined;
  readonly #logsFd: number;
  readonly #reader: LogReader;
  readonly #watcher: FSWatcher | undefined;
  readonly #look: NodeJS.Timeout;
  #settle: NodeJS.Timeout | undefined;
  #spawnFailed = false;
  /** As of its end: killing what it has left refuses processes, too. */
  #refused = 0;
  #resolveEnded: (outcome: Outcome) => void = () => undefined;
  #closed = false;

  constructor(directory: string, about: About, context: RunContext, child?: ChildProcess) {
    this.directory = directory;
    this.about = about;
    this.#context = context;
    this.#child = child;
    this.#cgroup = about.cgroup === null ? undefined : context.system?.cgroup(about.cgroup.parts);
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
    // By descriptor: the directory of an app's logs belongs to `hop3d`, which might put a link in its place.
    const { root, below } = about.logs;
    this.#logsFd = makeDirectory(root, [...below, about.process, basename(directory)], below.length + 2);
    this.#reader = new LogReader({
      dir: directory,
      logs: `/proc/self/fd/${this.#logsFd}`,
      rotated: () => context.tidyLogs(about.logs),
    });
    this.#watcher = watchQuietly(directory, () => this.#soon(settleMs));
    this.#look = setInterval(() => this.#work(), lookMs);
    child?.once("exit", () => this.#soon(0));
    child?.once("error", () => {
      this.#spawnFailed = true;
      this.#soon(0);
    });
    this.#soon(0);
  }

  get marked(): Marked {
    const { status } = this.outcome();
    return { mark: this.about.mark, app: status.app, launcher: status.launcher, cgroup: this.#cgroup };
  }

  /** How it ended, for people. */
  describe(outcome: Outcome): string {
    const told = describeOutcome(outcome);
    const isWell = outcome.kind === "exited" && outcome.code === 0;
    const { cgroup: note } = this.about;
    if (isWell || note === null) return told;
    const { memory, processes = null } = note;
    if (this.outOfMemory > 0) return `out of memory${memory === null ? "" : ` (${sizeText(memory)})`}: ${told}`;
    return this.#refused > 0 ? `out of processes${processes === null ? "" : ` (${processes})`}: ${told}` : told;
  }

  /** How many of its processes the kernel has ended because memory was used up; 0 where nobody counts. */
  get outOfMemory(): number {
    return this.#cgroup?.fact("outOfMemory") ?? 0;
  }

  /** Whether the limit was its own, or that of all beside it: where that is counted depends on the kernel. */
  #outOfProcesses(): number {
    const parts = this.about.cgroup?.parts ?? [];
    const above = this.#context.system?.cgroup(parts.slice(0, -1)).fact("outOfProcesses") ?? 0;
    return above + (this.#cgroup?.fact("outOfProcesses") ?? 0);
  }

  /** How it stands. Before the launcher's first line only the one who spawned it knows that it runs. */
  outcome(): Outcome {
    const outcome = readOutcomeOrLost(this.directory, this.#context.bootId);
    const child = this.#child;
    const living = child !== undefined && !this.#spawnFailed && child.exitCode === null && child.signalCode === null;
    return outcome.kind === "lost" && living ? { kind: "running", status: outcome.status } : outcome;
  }

  /** Waits for the last output (bounded), writes it to the log and removes the directory. */
  async finish(): Promise<void> {
    const deadline = this.#context.clock.elapsed() + drainedWaitMs;
    while (!this.#closed) {
      const { status, kind } = this.outcome();
      if (status.drained || kind === "lost" || this.#context.clock.elapsed() > deadline) break;
      await this.#context.clock.sleep(settleMs);
    }
    // Its directory was removed meanwhile, and with it all there was to read.
    if (this.#closed) return this.#removeCgroup();
    this.#reader.finish(new Date(this.#context.clock.now()));
    this.close();
    await this.#removeCgroup();
    rmSync(this.directory, { recursive: true, force: true });
    this.#context.tidyLogs(this.about.logs);
  }

  /** Before the directory goes, by which the next supervisor would find it. */
  async #removeCgroup(): Promise<void> {
    const { clock, log } = this.#context;
    if (this.#cgroup === undefined) return;
    if ((await this.#cgroup.kill(clock)) && (await this.#cgroup.remove(clock))) return;
    log("a cgroup could not be removed", { run: basename(this.directory) });
  }

  /** Stops watching; the run itself goes on. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watcher?.close();
    clearInterval(this.#look);
    clearTimeout(this.#settle);
    this.#reader.close();
    closeSync(this.#logsFd);
  }

  #soon(ms: number): void {
    if (this.#settle !== undefined || this.#closed) return;
    this.#settle = setTimeout(() => this.#work(), ms);
  }

  #work(): void {
    clearTimeout(this.#settle);
    this.#settle = undefined;
    if (this.#closed) return;
    // Forgotten while its last output was waited for: its directory is gone, and with it all there was to read.
    if (!existsSync(this.directory)) {
      this.close();
      return this.#resolveEnded(this.outcome());
    }
    try {
      const { more, waiting } = this.#reader.drain(new Date(this.#context.clock.now()));
      if (more) this.#soon(0);
      else if (waiting) this.#soon(1000);
    } catch (error) {
      // An input or output error: one app's output must not end the supervisor.
      this.#context.log("output could not be read or written", { process: this.about.process, reason: String(error) });
    }
    const outcome = this.outcome();
    if (outcome.kind === "running") return;
    this.#refused = this.#outOfProcesses();
    this.#resolveEnded(outcome);
  }
}

/** Starts a run: the one place where an app's, or a service's, process comes from. */
export function startRun(
  directory: string,
  start: Omit<About, "cgroup">,
  command: Command,
  context: RunContext,
  fault: (point: string) => void,
): Run {
  try {
    const name = nextRunName(start.logs, start.process, start.startedAt, start.mark);
    const run = join(directory, name);
    const about = { ...start, cgroup: cgroupNote(name, command.walls) };
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    // The mark of the launcher is inherited by all; it is set again for the app, whose record might name it otherwise.
    prepareInstance(run, { ...command.env, [markName]: about.mark });
    replaceFile(join(run, "about.json"), JSON.stringify({ version: aboutVersion, ...about }));
    const wall = command.walls === undefined ? [] : enclose(context.system, command.walls, name, context.clock).argv;
    if (wall.length > 0) fault("cgroup-made");
    fault("before-spawn");
    const [file = "/bin/sh", ...args] = launcherArgv(context.launcherScript, run, wall, command.argv);
    const child = spawn(file, args, {
      detached: true,
      stdio: "ignore",
      env: { ...LAUNCHER_ENV, [markName]: about.mark },
      // By descriptor: the directory that was checked is the one entered.
      cwd: command.cwd === null || wall.length > 0 ? "/" : `/proc/self/fd/${command.cwd}`,
    });
    child.unref();
    fault("after-spawn");
    context.tidyLogs(about.logs);
    return new Run(run, about, context, child);
  } finally {
    if (command.cwd !== null) closeSync(command.cwd);
  }
}

/** Finds a run that an earlier supervisor started; undefined, and said, when the directory holds none that can be told. */
export function findRun(directory: string, context: RunContext): Run | undefined {
  const note = join(directory, "about.json");
  if (!existsSync(note)) return undefined; // its maker died while it was being made
  try {
    const { version, ...about } = JSON.parse(readFileSync(note, "utf8")) as About & { readonly version: number };
    if (version !== 1 && version !== aboutVersion) {
      throw new Error(`its note has version ${version}, not ${aboutVersion}`);
    }
    return new Run(directory, version === 1 ? { ...about, cgroup: null } : about, context);
  } catch (error) {
    context.log("a run of an earlier supervisor cannot be taken over", {
      run: basename(directory),
      reason: String(error),
    });
    return undefined;
  }
}

/** Named by the run and not by its mark: the next run of an instance begins while the last output of this is waited for. */
function cgroupNote(name: string, walls: RunWalls | undefined): About["cgroup"] {
  return walls === undefined
    ? null
    : { parts: [...walls.above, name], memory: walls.most.memory, processes: walls.most.processes };
}

function readOutcomeOrLost(directory: string, bootId: string): Outcome {
  try {
    return readOutcome(directory, bootId);
  } catch {
    return { kind: "lost", status: { drained: false } }; // somebody removed it
  }
}

function watchQuietly(directory: string, onChange: () => void): FSWatcher | undefined {
  try {
    // Out of inotify watches or removed: the regular look remains.
    return watch(directory, onChange).on("error", () => undefined);
  } catch {
    return undefined;
  }
}
