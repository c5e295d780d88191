/**
 * Cron: starts what is due of each app's live release, and knows what became of it. It looks at the clock once a minute;
 * what is due is written down before it is done, so whoever dies in between, a run begins at most once. A run is a child of
 * the supervisor: when that dies the run is killed by the next one, and told as lost.
 */
import { join } from "node:path";
import type { Apps } from "../apps.ts";
import type { Jobs } from "../job.ts";
import type { LogPlace } from "../log-files.ts";
import type { JobResult } from "../protocol.ts";
import { Refusal } from "../refusal.ts";
import * as past from "./history.ts";
import { runOfLog } from "./run-name.ts";
import { runCronJob } from "./run-job.ts";
import { Schedules, type CronJob } from "./schedules.ts";
import { timePassed, type Looked } from "./time-passed.ts";
import { defaultPace, Turns, type Pace, type Turn } from "./turns.ts";

const minuteMs = 60_000;
/** Runs of a job with `allow` that may wait or run at a time. */
const beside = 4;

type Active = {
  readonly app: string;
  readonly job: string;
  readonly run: number;
  readonly turn: Turn;
  readonly ending: AbortController;
  readonly over: PromiseWithResolvers<void>;
  begun: boolean;
  /** Why it was ended, when it was. */
  reason: string | null;
};

export class Cron {
  readonly schedules: Schedules;
  readonly #apps: Apps;
  readonly #jobs: Jobs;
  readonly #directory: string;
  readonly #turns: Turns;
  readonly #stopped = new AbortController();
  /** By `app run`. */
  readonly #active = new Map<string, Active>();
  #histories = new Map<string, past.AppHistory>();
  #looked: Looked = { fixed: 0, often: 0 };
  /** True until the first look: a predecessor may have written down what is due, and died before it wrote that it had looked. */
  #isFirst = true;

  constructor(apps: Apps, jobs: Jobs, directory: string, pace: Pace = defaultPace) {
    this.#apps = apps;
    this.#jobs = jobs;
    this.#directory = directory;
    this.#turns = new Turns(apps.options.clock, pace);
    this.schedules = new Schedules(apps);
  }

  /** Ends what a dead supervisor's runs have left, and tells them as lost. `known` is false when the desired state is. */
  async recover(known: boolean): Promise<void> {
    const { clock, log } = this.#apps.options;
    await this.#jobs.recover();
    const now = clock.now();
    this.#histories = past.readHistories(this.#directory, (app, reason) =>
      log("the history of an app's cron jobs cannot be read and begins anew", { app, reason }),
    );
    this.#looked = past.readLooked(join(this.#directory, lookedFile)) ?? { fixed: now, often: now };
    for (const [app, history] of this.#histories) {
      await this.#jobs.cancel(app); // nobody asks for its lost ones
      if (known && this.#apps.find(app) === undefined) this.forget(app);
      else {
        const { history: settled, again } = past.settled(history, now);
        if (settled !== history) this.#keep(app, settled);
        for (const { job, run } of again) this.#turns.add(this.#activate(app, job, run, false).turn, false);
      }
    }
  }

  /** Looks once a minute from now on. */
  begin(): void {
    void this.#loop(this.#stopped.signal);
  }

  /** Starts what is due. */
  look(): void {
    const { clock, fault } = this.#apps.options;
    const { fixed, often, looked } = timePassed(this.#looked, clock.now());
    const begun: Active[] = [];
    for (const { app, job } of this.schedules.running()) {
      const { after, until } = job.when.fixed ? fixed : often;
      let due = job.next(after);
      while (this.#isFirst && due !== null && due <= until && this.#hasRun(app, job.name, due)) due = job.next(due);
      if (due === null || due > until) continue;
      const one = this.#due(app, job, due);
      if (one !== undefined) begun.push(one);
    }
    this.#isFirst = false;
    this.#looked = looked;
    fault("before-cron-looked");
    this.#write(() => past.saveLooked(join(this.#directory, lookedFile), looked));
    fault("after-cron-looked");
    for (const one of begun) this.#turns.add(one.turn, false);
  }

  /** Starts a job now, before all that waits; returns the run. Refused where its overlap forbids it, or the app is stopped. */
  start(app: string, name: string): number {
    const job = this.#job(app, name);
    if (this.#apps.known(app).stopped) throw new Refusal("conflict", `${app} is stopped.`);
    const refusal = this.#makeWay(app, job);
    if (refusal !== null) throw new Refusal("conflict", `The cron job ${name} of ${app} was not started: ${refusal}.`);
    const one = this.#enter(app, job, { due: this.#apps.options.clock.now(), trigger: "manual" });
    this.#turns.add(one.turn, true);
    return one.run;
  }

  /** Resolves with the entry of a run when it is over, or when the signal is aborted. */
  async ended(app: string, job: string, run: number, signal: AbortSignal): Promise<past.CronEntry> {
    const one = this.#active.get(`${app} ${run}`);
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (one !== undefined && !signal.aborted) await Promise.race([one.over.promise, promise]);
    const found = this.entries(app, job).find((entry) => entry.run === run);
    if (found === undefined) throw new Refusal("unknown", `There is no run ${run} of the cron job ${job} of ${app}.`);
    return found;
  }

  /** Of one job, the newest last; also of one that the live release has no more. */
  entries(app: string, job: string): readonly past.CronEntry[] {
    return past.entriesOf(this.#history(app), job);
  }

  /** True for the log of a run that has not ended. */
  writes({ below: [app = ""] }: LogPlace, name: string): boolean {
    return this.#active.get(`${app} ${runOfLog(name)}`)?.begun === true;
  }

  /** Ends the app's runs, those that wait too. Resolves when nothing of them is left. */
  async cancel(app: string, reason: string): Promise<void> {
    const all = [...this.#active.values()].filter((one) => one.app === app);
    for (const one of all) this.#end(one, reason);
    await Promise.all(all.map((one) => one.over.promise));
  }

  /** Forgets its past. Its runs have been canceled. */
  forget(app: string): void {
    this.schedules.forget(app);
    this.#histories.delete(app);
    this.#write(() => past.removeHistory(this.#directory, app));
  }

  /** Ends what runs; what waits does so for the next supervisor. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    const begun = [...this.#active.values()].filter((one) => one.begun);
    for (const one of this.#active.values()) {
      if (one.begun) this.#end(one, "the server was stopped");
      else this.#turns.remove(one.turn);
    }
    await Promise.all(begun.map((one) => one.over.promise));
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#apps.options;
    while (!signal.aborted) {
      try {
        this.look();
      } catch (error) {
        log("cron could not tell what is due", { reason: String(error) });
      }
      await clock.sleep(minuteMs - (clock.now() % minuteMs), signal).catch(() => undefined);
    }
  }

  #due(app: string, job: CronJob, due: number): Active | undefined {
    const refusal = this.#makeWay(app, job);
    if (refusal === null) return this.#enter(app, job, { due, trigger: "schedule" });
    const facts = { due, now: this.#apps.options.clock.now(), reason: refusal };
    this.#keep(app, past.withSkipped(this.#history(app), job.name, facts));
    return undefined;
  }

  /** Null when one more may begin, for which `replace` has ended the others; else why not. */
  #makeWay(app: string, job: CronJob): string | null {
    const others = [...this.#active.values()].filter((one) => one.app === app && one.job === job.name);
    const [first] = others;
    if (first === undefined) return null;
    if (job.overlap === "forbid") return `run ${first.run} has not ended`;
    if (job.overlap === "allow") return others.length < beside ? null : `${others.length} runs of it have not ended`;
    for (const one of others) this.#end(one, "replaced by a newer run");
    return null;
  }

  /** Written down as waiting, not yet in line. */
  #enter(app: string, job: CronJob, facts: Pick<past.CronEntry, "due" | "trigger">): Active {
    const none = { release: null, startedAt: null, endedAt: null, exit: null, reason: null } as const;
    const history = past.withRun(this.#history(app), job.name, { ...none, ...facts, outcome: "waiting" });
    this.#keep(app, history);
    return this.#activate(app, job.name, history.lastRun, job.overlap === "allow");
  }

  #activate(app: string, job: string, run: number, besideOthers: boolean): Active {
    const one: Active = {
      app,
      job,
      run,
      turn: { app, key: besideOthers ? null : `${app} ${job}`, work: () => this.#work(one) },
      ending: new AbortController(),
      over: Promise.withResolvers<void>(),
      begun: false,
      reason: null,
    };
    this.#active.set(`${app} ${run}`, one);
    return one;
  }

  #end(one: Active, reason: string): void {
    if (one.ending.signal.aborted) return;
    one.reason = reason;
    one.ending.abort();
    if (one.begun) return;
    this.#turns.remove(one.turn);
    this.#close(one, { outcome: "canceled", reason });
  }

  async #work(one: Active): Promise<void> {
    const { app, run } = one;
    const { clock, fault } = this.#apps.options;
    one.begun = true;
    try {
      const job = this.schedules.of(app).find(({ name }) => name === one.job);
      // While it waited another release has taken over.
      if (job === undefined)
        return this.#close(one, { outcome: "skipped", reason: "the live release has no such job" });
      const startedAt = clock.now();
      this.#change(app, run, { outcome: "running", release: job.release, startedAt });
      fault("after-cron-begun");
      const isKept = (other: number) => this.entries(app, one.job).some((entry) => entry.run === other);
      const plan = { app, job, run, startedAt, signal: one.ending.signal, isKept };
      this.#close(one, outcomeOf(await runCronJob(this.#apps, this.#jobs, plan), job, one.reason));
    } catch (error) {
      const reason =
        error instanceof Refusal ? error.message : "it could not be started; the supervisor's log says why";
      if (!(error instanceof Refusal)) {
        this.#apps.options.log("a cron job could not be run", { app, job: one.job, reason: String(error) });
      }
      this.#close(one, { outcome: "failed", reason: reason.slice(0, 300) });
    }
  }

  #close(one: Active, facts: Pick<past.CronEntry, "outcome" | "reason"> & Partial<past.CronEntry>): void {
    this.#active.delete(`${one.app} ${one.run}`);
    this.#change(one.app, one.run, { endedAt: this.#apps.options.clock.now(), ...facts });
    one.over.resolve();
  }

  #hasRun(app: string, job: string, due: number): boolean {
    return this.entries(app, job).some((one) => one.trigger === "schedule" && one.due === due);
  }

  #job(app: string, name: string): CronJob {
    this.#apps.known(app);
    const found = this.schedules.of(app).find((job) => job.name === name);
    if (found === undefined) throw new Refusal("unknown", `${app} has no cron job ${name}.`);
    return found;
  }

  #history(app: string): past.AppHistory {
    return this.#histories.get(app) ?? past.noHistory;
  }

  #change(app: string, run: number, facts: Partial<Omit<past.CronEntry, "run">>): void {
    this.#keep(app, past.withChange(this.#history(app), run, facts));
  }

  #keep(app: string, history: past.AppHistory): void {
    this.#histories.set(app, history);
    this.#write(() => past.saveHistory(this.#directory, app, history));
  }

  /** A full disk keeps no job from running: what became of it is known as long as this supervisor lives. */
  #write(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#apps.options.log("what cron knows could not be written", { reason: String(error) });
    }
  }
}

/** No app's name begins with a dot. */
const lookedFile = ".looked";

function outcomeOf(
  { exit, timedOut, canceled }: JobResult,
  { timeout }: CronJob,
  reason: string | null,
): Pick<past.CronEntry, "outcome" | "reason" | "exit"> {
  if (timedOut) return { outcome: "timed-out", exit: null, reason: `it took longer than ${timeout} s` };
  if (canceled) return { outcome: "canceled", exit: null, reason };
  return { outcome: exit === 0 ? "succeeded" : "failed", exit, reason: null };
}
