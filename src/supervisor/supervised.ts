/**
 * The runner of one supervised process: performs the effects of `transition` and turns what happens into events. It knows
 * nothing of apps, releases or services; what to run, and what to do about slots, is handed in.
 */
import { existsSync, rmSync } from "node:fs";
import { after } from "./after.ts";
import { untilCool, warmEnd } from "./cool.ts";
import { untilLeft } from "./drain.ts";
import { isRunning, transition, type InstanceEffect, type InstanceEvent, type InstanceState } from "./instance.ts";
import { isAlive } from "./output/proc-stat.ts";
import type { Outcome } from "./output/status-file.ts";
import { dialTcp, dialUnix } from "./proc-net.ts";
import { appProcesses } from "./proc-tree.ts";
import { untilListening } from "./ready.ts";
import { startRun, type About, type Run } from "./run.ts";
import type { SupervisedOptions } from "./supervised-options.ts";
import { askToEnd, killApp } from "./terminate.ts";

export class Supervised {
  readonly id: string;
  state: InstanceState = "pending";
  since: number;
  /** Dial address while it is ready or draining. */
  address: string | null = null;
  restarts = 0;
  lastExit: string | null = null;
  /** Why it is not up: the last try ended by itself, or did not get ready in time. Null once it is ready. */
  failure: "exited" | "not-ready" | null = null;
  /** Until when (ms since the epoch) connections may keep it while it drains. */
  graceUntil = 0;
  /** Until when it is kept when it has drained, by the clock that nobody sets (`warmEnd`). */
  warmEnds = -Infinity;
  #run: Run | undefined;
  /** False while it has one try. */
  #proven = true;
  #failures = 0;
  /** Ends the waits of the present state: for readiness, retry, drain, stop. */
  #waits = new AbortController();
  readonly #options: SupervisedOptions;

  constructor(options: SupervisedOptions) {
    this.id = options.id;
    this.#options = options;
    this.since = options.clock.now();
  }

  /** The run that is under way, or the last one. */
  get run(): Run | undefined {
    return this.#run;
  }

  /** The app's main process, while there is one. */
  get pid(): number | null {
    return isRunning(this.state) ? (this.#run?.marked.app?.pid ?? null) : null;
  }

  /** False from the moment its main process dies, which is before anybody has noticed. */
  get isAlive(): boolean {
    const app = this.#run?.marked.app;
    return this.#run !== undefined && (app === undefined || isAlive(app));
  }

  dispatch(event: InstanceEvent): void {
    const before = this.state;
    if (event === "try" || event === "take") this.#proven = false;
    if (event === "begin" || event === "prove") this.#proven = true;
    const [next, effects] = transition(before, event, this.#proven);
    if (next === before && effects.length === 0) return;
    this.state = next;
    if (event === "exit" && (next === "failed" || next === "backoff")) this.failure ??= "exited";
    if (event === "ready" || event === "prove") this.failure = null;
    if (next !== before) {
      this.#waits.abort();
      this.#waits = new AbortController();
      this.since = this.#options.clock.now();
      // Readiness goes on being watched when only the consequences of a failure have changed.
      if (event === "prove" && next === "restarting" && effects.length === 0) this.#watchReady();
    }
    for (const effect of effects) this.#perform(effect);
    this.#options.changed();
  }

  /** Takes over a run that an earlier supervisor started. */
  adopt(run: Run, proven: boolean): void {
    this.#run = run;
    this.#proven = proven;
    this.state = proven ? "restarting" : "starting";
    this.since = run.about.startedAt;
    void this.#watchEnd(run);
    this.#watchReady();
    this.#options.changed();
  }

  /** Takes over one that was draining: it goes on until `graceUntil`, and is then kept as it was to be. */
  adoptLeaving(run: Run, graceUntil: number, warmUntil: number | null): void {
    this.#run = run;
    this.warmEnds = warmEnd(warmUntil, this.#options.clock);
    const { listens } = run.about;
    if (listens !== null) this.address = existsSync(listens.socket) ? dialUnix(listens.socket) : dialTcp(listens.port);
    this.graceUntil = graceUntil;
    this.state = "draining";
    void this.#watchEnd(run);
    void this.#drain();
  }

  /** Takes over one that was kept warm: it stays so until `warmUntil`. */
  adoptWarm(run: Run, warmUntil: number): void {
    this.#run = run;
    this.warmEnds = warmEnd(warmUntil, this.#options.clock);
    this.state = "warm";
    void this.#watchEnd(run);
    this.#stayWarm();
  }

  /** For one that will not be started: its single try is over. */
  giveUp(reason: string): void {
    this.state = "failed";
    this.failure = "exited";
    this.lastExit = reason;
    this.#options.changed();
  }

  #perform(effect: InstanceEffect): void {
    this.#options.fault(effect);
    switch (effect) {
      case "spawn":
        return void this.#spawn();
      case "term":
        return void this.#term();
      case "kill":
        return void this.#kill();
      case "drain":
        return void this.#drain();
      case "keep-warm":
        return this.#keepWarm();
      case "slots":
        return this.#options.slots();
      case "arm-retry":
        return this.#armRetry();
      case "forget":
        return this.#options.forget();
    }
  }

  async #spawn(): Promise<void> {
    const { clock, directory, prepare, run: context, fault, log } = this.#options;
    try {
      this.failure = null;
      const { about, command } = await prepare();
      if (this.state !== "starting" && this.state !== "restarting") throw new Error("it was stopped before it started");
      if (about.listens !== null) rmSync(about.listens.socket, { force: true });
      const run = startRun(directory, { ...about, mark: this.id, startedAt: clock.now() }, command, context, fault);
      this.#run = run;
      void this.#watchEnd(run);
      this.#watchReady();
      this.#options.changed();
    } catch (error) {
      this.lastExit = `could not be started: ${error instanceof Error ? error.message : "unknown"}`;
      log("could not be started", { id: this.id, reason: this.lastExit });
      this.dispatch("exit");
    }
  }

  #watchReady(): void {
    const run = this.#run;
    if (run === undefined) return;
    const { clock, timing } = this.#options;
    const { signal } = this.#waits;
    const { listens, startTimeout } = run.about;
    if (listens === null) {
      void after(clock, timing.stayUp, signal, () => this.dispatch("ready"));
      return;
    }
    void after(clock, startTimeout * 1000, signal, () => {
      this.lastExit = `did not listen within ${startTimeout} s`;
      this.failure = "not-ready";
      this.dispatch("start-timeout");
    });
    void this.#watchListening(run, listens, signal);
  }

  async #watchListening(run: Run, listens: NonNullable<About["listens"]>, signal: AbortSignal): Promise<void> {
    if (await this.#findAddress(run, listens, signal)) this.dispatch("ready");
  }

  /** False when the state has changed before it listens. */
  async #findAddress(run: Run, listens: NonNullable<About["listens"]>, signal: AbortSignal): Promise<boolean> {
    const { clock, offer } = this.#options;
    const address = await untilListening(listens, () => run.marked, clock, signal, offer).catch(() => undefined);
    if (address === undefined || signal.aborted) return false;
    this.address = address;
    return true;
  }

  async #watchEnd(run: Run): Promise<void> {
    const outcome = await run.ended;
    if (this.#run !== run) return;
    // Asked to leave, the rest of the tree has until the stop timeout to end well; else it is a crash, and goes at once.
    const { clock } = this.#options;
    while (this.#isLeaving() && appProcesses(run.marked).length > 0) await clock.sleep(50);
    if (!(await killApp(run.marked, clock))) this.#options.log("a process outlives KILL", { id: this.id });
    this.#ended(run, outcome);
  }

  #isLeaving(): boolean {
    return this.state === "stopping" || this.state === "recycling";
  }

  #ended(run: Run, outcome: Outcome): void {
    this.#run = undefined;
    this.address = null;
    if (this.state !== "expiring" && this.state !== "rejecting") this.lastExit = run.describe(outcome);
    const uptime = this.#options.clock.elapsed() - run.begun;
    if (uptime >= this.#options.timing.backoffReset) this.#failures = 0;
    if (run.about.listens !== null) rmSync(run.about.listens.socket, { force: true });
    const leaving = this.#isLeaving() || this.state === "killing" || this.state === "draining";
    this.#options.log(leaving ? "ended" : "ended by itself", {
      id: this.id,
      process: run.about.process,
      exit: this.lastExit ?? "",
    });
    const finished = run.finish().catch((error: unknown) => {
      this.#options.log("its last output could not be written", { id: this.id, reason: String(error) });
    });
    // What goes for good goes with its directory, so its last words are saved first; and who hears that a first try has
    // failed reads them at once. What served is taken out of the slots without a wait.
    const unproven = this.state === "ready" && !this.#proven;
    if (unproven) this.#options.slots();
    const lastWordsFirst =
      (leaving && this.state !== "recycling") ||
      this.state === "warm" ||
      this.state === "starting" ||
      this.state === "rejecting" ||
      unproven;
    if (lastWordsFirst) void finished.then(() => this.dispatch("exit"));
    else this.dispatch("exit");
  }

  async #term(): Promise<void> {
    const { clock } = this.#options;
    const run = this.#run;
    if (run === undefined) return; // the spawn under way finds the state changed
    const { signal } = this.#waits;
    void after(clock, run.about.stopTimeout * 1000, signal, () => this.dispatch("stop-timeout"));
    // A launcher just started has not written down whom to ask.
    for (let turn = 0; turn < 100 && run.marked.app === undefined && run.outcome().kind === "running"; turn += 1) {
      await clock.sleep(10);
    }
    askToEnd(run.marked);
  }

  async #kill(): Promise<void> {
    const run = this.#run;
    if (run !== undefined && !(await killApp(run.marked, this.#options.clock))) {
      this.#options.log("a process outlives KILL", { id: this.id });
    }
  }

  async #drain(): Promise<void> {
    const { signal } = this.#waits;
    const { clock, fence, warmth, log } = this.#options;
    const { address, graceUntil, id } = this;
    const how = address === null ? "nobody" : await untilLeft(address, graceUntil, { fence, clock, log, id }, signal);
    if (signal.aborted) return;
    // Who is still connected when the grace is over is to be closed: that one gets its TERM.
    const isKept = how === "idle" && this.warmEnds > clock.elapsed() && warmth?.hasRoom() === true;
    this.dispatch(isKept ? "keep" : "drained");
  }

  #keepWarm(): void {
    try {
      this.#options.warmth?.kept();
      this.#stayWarm();
    } catch (error) {
      // A full disk. The next supervisor would not know it for what it is.
      this.#options.log("could not be kept warm", { id: this.id, reason: String(error) });
      this.dispatch("cooled");
    }
  }

  #stayWarm(): void {
    const run = this.#run;
    const { signal } = this.#waits;
    const { clock, timing, warmth } = this.#options;
    // Where it accepts now: what an earlier supervisor started is only believed to be where it was looked for.
    this.address = null;
    if (run !== undefined && run.about.listens !== null) void this.#findAddress(run, run.about.listens, signal);
    const time = { left: this.warmEnds - clock.elapsed(), look: timing.warmLook };
    void untilCool(time, warmth?.hasRoom, clock, signal).then((isOver) => isOver && this.dispatch("cooled"));
  }

  #armRetry(): void {
    const { backoffFirst, backoffMax } = this.#options.timing;
    const wait = Math.min(backoffMax, backoffFirst * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    this.restarts += 1;
    void after(this.#options.clock, wait, this.#waits.signal, () => this.dispatch("retry-due"));
  }
}
