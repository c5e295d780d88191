/**
 * Build steps, hooks, the filling of volumes, tries of a health command and runs of cron jobs: run once, with an end that somebody waits for. They are children of the supervisor with plain
 * pipes: should it die, a job dies at its next start, for nobody is left who could answer for it. Its note on the disk
 * (`jobs/<id>.json`) lets the next supervisor find its processes, and tell the next asker that it failed.
 */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { closeSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { sizeText } from "#core/app-limits.ts";
import type { Clock } from "#sys/clock.ts";
import { after } from "./after.ts";
import { replaceFile } from "./atomic-file.ts";
import type { Cgroup } from "./cgroup/cgroup.ts";
import { enclose, type Enclosed } from "./enclose.ts";
import type { JobOutput } from "./job-output.ts";
import type { JobTail } from "./job-tail.ts";
import { memoryEnv } from "./memory-env.ts";
import { readNote } from "./note.ts";
import { assertProgram, atLowPriority } from "./low-priority.ts";
import { applyEnvironment, jobEnvironment, renderEnvironment } from "./output/apply-environment.ts";
import { LAUNCHER_ENV } from "./output/launcher.ts";
import { readProcStat, type ProcIdentity } from "./output/proc-stat.ts";
import { markName, type Marked } from "./proc-tree.ts";
import type { JobResult } from "./protocol.ts";
import { Refusal } from "./refusal.ts";
import type { Command } from "./run.ts";
import { endTree, killTree } from "./terminate.ts";

export type JobPlan = {
  readonly app: string;
  readonly kind: "build" | "hook" | "volume" | "probe" | "cron";
  /** Build or release, and step, hook, volume, number of the instance (0 for none) or run. */
  readonly number: number;
  readonly index: number;
  readonly command: Command;
  /** Seconds. */
  readonly timeout: number;
  /** Where its output goes; throws a Refusal when that is no plain file. */
  readonly openOutput: () => JobOutput | JobTail;
  /** Seconds between TERM and KILL when it takes too long or is canceled; killed at once unless given. */
  readonly grace?: number;
  /** Cancels this one when it is aborted. */
  readonly signal?: AbortSignal;
};

type Note = Pick<JobPlan, "app" | "kind" | "number" | "index"> & { readonly bootId: string };

type Context = {
  readonly directory: string;
  readonly clock: Clock;
  readonly bootId: string;
  readonly newId: () => string;
  /** Of system mode, where every job runs behind walls. */
  readonly system: { cgroup(parts: readonly string[]): Cgroup } | undefined;
  readonly fault: (point: string) => void;
};

export class Jobs {
  readonly #context: Context;
  /** By `slotOf`: one at a time. */
  readonly #running = new Map<
    string,
    { readonly cancel: (canceled: boolean) => void; readonly done: Promise<unknown> }
  >();
  /** Jobs that a dead supervisor left: file of the note, by the job's full name. */
  readonly #lost = new Map<string, string>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Kills what a dead supervisor's jobs have left running; their next asker is told. */
  async recover(): Promise<void> {
    const { directory, clock, bootId } = this.#context;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const file of readdirSync(directory)) {
      const path = join(directory, file);
      const mark = /^([a-z0-9]{8})\.json$/.exec(file)?.[1];
      const note = mark === undefined ? undefined : (readNote(path) as Note | undefined);
      if (mark === undefined || note === undefined) {
        rmSync(path, { force: true });
        continue;
      }
      if (note.bootId === bootId) await killTree({ mark }, clock);
      this.#lost.set(nameOf(note), path);
    }
  }

  /** Runs the job to its end. Refused while another of this app and kind runs; of health commands, one of this instance; of cron jobs, this run. */
  async start(plan: JobPlan): Promise<JobResult> {
    const { command } = plan;
    try {
      const slot = slotOf(plan);
      if (this.#running.has(slot)) throw new Refusal("conflict", `A ${plan.kind} of ${plan.app} is running already.`);
      const lost = this.#takeLost(plan);
      if (lost) return { exit: null, timedOut: false, canceled: false, lost: true, seconds: 0 };
      const ending = new AbortController();
      const state = { timedOut: false, canceled: false };
      const done = this.#run(plan, ending.signal, state);
      const cancel = (canceled: boolean): void => {
        state.canceled ||= canceled;
        ending.abort();
      };
      this.#running.set(slot, { cancel, done });
      if (plan.signal?.aborted === true) cancel(true);
      plan.signal?.addEventListener("abort", () => cancel(true), { once: true });
      const timer = new AbortController();
      void after(this.#context.clock, plan.timeout * 1000, timer.signal, () => {
        state.timedOut = true;
        ending.abort();
      });
      try {
        return await done;
      } finally {
        timer.abort();
        this.#running.delete(slot);
      }
    } finally {
      if (command.cwd !== null) closeSync(command.cwd);
    }
  }

  /** Kills the app's jobs; true when there was one. Resolves when they are gone. Nobody asks for its lost ones then. */
  async cancel(app: string): Promise<boolean> {
    const found = [...this.#running].filter(([slot]) => slot.startsWith(`${app} `)).map(([, job]) => job);
    for (const job of found) job.cancel(true);
    await Promise.allSettled(found.map((job) => job.done));
    this.#forgetLost(app);
    return found.length > 0;
  }

  async cancelAll(): Promise<void> {
    const apps = new Set([...this.#running.keys()].map((slot) => slot.slice(0, slot.indexOf(" "))));
    await Promise.all([...apps].map((app) => this.cancel(app)));
  }

  async #run(plan: JobPlan, signal: AbortSignal, state: { timedOut: boolean; canceled: boolean }): Promise<JobResult> {
    const { clock, directory, bootId, newId, fault } = this.#context;
    const mark = newId();
    const notePath = join(directory, `${mark}.json`);
    const { app, kind, number, index } = plan;
    const startedAt = clock.elapsed();
    try {
      replaceFile(notePath, JSON.stringify({ app, kind, number, index, bootId } satisfies Note));
      fault("before-job");
      const output = plan.openOutput();
      try {
        const exit = await this.#untilEnd(plan, mark, signal, output);
        if (state.timedOut) output.say(`stopped: it took longer than ${plan.timeout} s`, clock.now);
        else if (state.canceled) output.say("canceled", clock.now);
        const seconds = (clock.elapsed() - startedAt) / 1000;
        return { exit: state.timedOut || state.canceled ? null : exit, ...state, lost: false, seconds };
      } finally {
        output.close();
      }
    } finally {
      rmSync(notePath, { force: true });
    }
  }

  /** Spawns it, copies its output and resolves with its exit status when nothing of it is left. */
  async #untilEnd(
    plan: JobPlan,
    mark: string,
    signal: AbortSignal,
    output: JobOutput | JobTail,
  ): Promise<number | null> {
    const { clock, fault, system } = this.#context;
    const { walls } = plan.command;
    const enclosed = walls === undefined ? undefined : enclose(system, walls, `job-${mark}`, clock);
    try {
      const child = spawnJob(plan, mark, enclosed);
      if (typeof child === "string") {
        output.say(child, clock.now);
        return 127;
      }
      fault("after-job");
      const copied = Promise.all([
        output.take(child.stdout, "out", clock.now),
        output.take(child.stderr, "err", clock.now),
      ]);
      const marked: Marked = { mark, app: identityOf(child.pid), cgroup: enclosed?.cgroup };
      const kill = (): void => void endTree(marked, plan.grace ?? 0, clock);
      signal.addEventListener("abort", kill, { once: true });
      if (signal.aborted) kill();
      const exit = await new Promise<number | null>((resolve) => {
        child.once("error", (error) => {
          output.say(couldNotStart(plan, error), clock.now);
          resolve(127);
        });
        child.once("exit", (code, name) => resolve(code ?? signalStatus(name)));
      });
      // Before anything of it is killed: that refuses processes, too.
      const { outOfMemory = 0, outOfProcesses = 0 } = enclosed?.cgroup.facts() ?? {};
      // What it left in the background would hold the pipes open, and must not outlive it anyway.
      await killTree(marked, clock);
      await copied;
      const { memory = null, processes = null } = walls?.most ?? {};
      if (outOfMemory > 0) output.say(`ran out of memory${memory === null ? "" : ` (${sizeText(memory)})`}`, clock.now);
      else if (outOfProcesses > 0 && exit !== 0)
        output.say(`ran out of processes${processes === null ? "" : ` (${processes})`}`, clock.now);
      return exit;
    } finally {
      // One that is in use still is ended by the next start of a supervisor.
      await enclosed?.cgroup.remove(clock);
    }
  }

  #takeLost(plan: JobPlan): boolean {
    const isLost = this.#lost.has(nameOf(plan));
    // Another job of the app means that nobody will ask for the lost ones.
    this.#forgetLost(plan.app);
    return isLost;
  }

  #forgetLost(app: string): void {
    for (const [name, file] of this.#lost) {
      if (!name.startsWith(`${app} `)) continue;
      rmSync(file, { force: true });
      this.#lost.delete(name);
    }
  }
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** The process, or why there is none. */
function spawnJob({ command, kind }: JobPlan, mark: string, enclosed: Enclosed | undefined): Child | string {
  const directory = command.cwd === null ? "/" : `/proc/self/fd/${command.cwd}`;
  try {
    const [program = ""] = command.argv;
    assertProgram(program, command.env["PATH"] ?? "", directory);
    const apply = ["/bin/sh", "-c", applyEnvironment(jobEnvironment), "app"];
    const line = [...(enclosed?.argv ?? []), ...apply, ...command.argv];
    // A release command runs once, while users wait for what it does: it is no build.
    const [first = "", ...args] = kind === "build" ? atLowPriority(line) : line;
    // The mark is inherited by all; it is set again for the command, whose record might name it otherwise.
    const told = memoryEnv(command.walls?.most.memory ?? null, command.env);
    const environment = renderEnvironment({ ...command.env, ...told, [markName]: mark });
    const child = spawn(first, args, {
      cwd: enclosed === undefined ? directory : "/",
      env: { ...LAUNCHER_ENV, [markName]: mark },
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    }) as Child;
    const handed = child.stdio[jobEnvironment] as Writable;
    handed.on("error", () => undefined).end(environment);
    return child;
  } catch (error) {
    return couldNotStart({ command }, error); // E2BIG is thrown, where ENOENT is an event
  }
}

function couldNotStart({ command }: Pick<JobPlan, "command">, error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  return `${JSON.stringify(command.argv[0] ?? "")} could not be started: ${reason}`;
}

/** Begins with the app. Instances may be asked side by side; which cron jobs may run beside each other is cron's to say. */
function slotOf({ app, kind, index }: JobPlan): string {
  return kind === "probe" || kind === "cron" ? `${app} ${kind} ${index}` : `${app} ${kind}`;
}

function nameOf(job: Pick<JobPlan, "app" | "kind" | "number" | "index">): string {
  return `${job.app} ${job.kind} ${job.number} ${job.index}`;
}

function identityOf(pid: number | undefined): ProcIdentity | undefined {
  return pid === undefined ? undefined : readProcStat(pid);
}

function signalStatus(name: NodeJS.Signals | null): number | null {
  const number = name === null ? undefined : constants.signals[name];
  return number === undefined ? null : 128 + number;
}
