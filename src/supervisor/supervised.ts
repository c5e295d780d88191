/**
 * The runner of one supervised process: performs the effects of `transition` and turns what happens into events. It knows
 * nothing of apps, releases or services; what to run, and what to do about slots, is handed in.
 */
import { after } from "./after.ts";
import { untilCool, warmEnd } from "./cool.ts";
import { Crashes } from "./crashes.ts";
import { untilLeft } from "./drain.ts";
import {
  hasLastWords,
  isAsked,
  isDown,
  isLeaving,
  isRunning,
  transition,
  type InstanceEffect,
  type InstanceEvent,
  type InstanceState,
} from "./instance.ts";
import { isAlive } from "./output/proc-stat.ts";
import type { Outcome } from "./output/status-file.ts";
import { appProcesses } from "./proc-tree.ts";
import { startRun, type Run } from "./run.ts";
import { keepDoor, removeSocket, whereCounted, whereItListened } from "./own-address.ts";
import type { Turn } from "./start-turns.ts";
import type { SupervisedOptions } from "./supervised-options.ts";
import { findAddress, watchReady } from "./watch-ready.ts";
import { askToEndOnceKnown, killApp } from "./terminate.ts";

const stoppedFirst = "it was stopped before it started";

export class Supervised {
  readonly id: string;
  state: InstanceState = "pending";
  since: number;
  /** Dial address while it is ready or draining. */
  address: string | null = null;
  readonly crashes: Crashes;
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
  /** Ends the wait for its turn to start. */
  #queued = new AbortController();
  #turn: Turn | undefined;
  /** Its last end was exit 0. */
  #endedWell = false;
  /** Ends the waits of the present state: for readiness, retry, drain, stop. */
  #waits = new AbortController();
  readonly #options: SupervisedOptions;

  constructor(options: SupervisedOptions) {
    this.id = options.id;
    this.#options = options;
    this.crashes = new Crashes(options.clock, options.timing);
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
    if (event === "reset") this.crashes.reset();
    const [next, effects] = transition(before, event, this.#proven);
    if (next === before && effects.length === 0) return;
    this.state = next;
    if (isDown(next) && !(next === "ended" && this.#endedWell)) this.failure ??= "exited";
    if (event === "ready" || (event === "prove" && next !== "ended")) this.failure = null;
    if (next !== before) {
      this.crashes.entered(next);
      if (next !== "starting" && next !== "restarting") this.#queued.abort(new Error(stoppedFirst));
      this.#waits.abort();
      this.#waits = new AbortController();
      this.since = this.#options.clock.now();
      // Readiness goes on being watched when only the consequences of a failure have changed.
      if (event === "prove" && next === "restarting" && effects.length === 0) this.#watchReady();
    }
    if (next === "ready" && next !== before) void keepDoor(this.address, this.#options, this.#waits.signal);
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
    this.address = whereItListened(run.about.listens, this.#options.door);
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

  /** For one that is not started: it ended for good under an earlier supervisor, or its single try is over (`failed`). */
  rest(state: "ended" | "exhausted" | "failed", exit: string, clean = false, since = this.since): void {
    this.state = state;
    this.since = since;
    this.lastExit = exit;
    this.failure = clean ? null : "exited";
    this.#options.changed();
  }

  #perform(effect: InstanceEffect): void {
    const { clock, fault } = this.#options;
    fault(effect);
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
        return void after(clock, this.crashes.arm(), this.#waits.signal, () => this.dispatch("retry-due"));
      case "note-over":
        return this.#noteOver();
      case "forget":
        return this.#options.forget();
    }
  }

  async #spawn(): Promise<void> {
    const { clock, directory, prepare, run: context, fault, log, turns } = this.#options;
    try {
      this.failure = null;
      this.#endedWell = false;
      this.#queued = new AbortController();
      const rank = this.state === "starting" ? 0 : this.crashes.restarts === 0 ? 1 : 2;
      this.#turn = await turns?.take(rank, this.#queued.signal);
      const { about, command } = await prepare();
      if (this.state !== "starting" && this.state !== "restarting") throw new Error(stoppedFirst);
      removeSocket(about.listens, this.#options.door);
      const run = startRun(directory, { ...about, mark: this.id, startedAt: clock.now() }, command, context, fault);
      this.#run = run;
      void this.#watchEnd(run);
      this.#watchReady();
      this.#options.changed();
    } catch (error) {
      this.lastExit = `could not be started: ${error instanceof Error ? error.message : "unknown"}`;
      log("could not be started", { id: this.id, reason: this.lastExit });
      this.dispatch(this.#endingOf(false));
    }
  }

  #watchReady(): void {
    const run = this.#run;
    if (run === undefined) return;
    const { clock, timing, door } = this.#options;
    watchReady(run, timing.stayUp, clock, this.#waits.signal, door, {
      ready: (address) => {
        this.address = address;
        this.#turn?.ready();
        this.dispatch("ready");
      },
      late: (seconds) => {
        this.lastExit = `did not ${run.about.listens === null ? "begin" : "listen"} within ${seconds} s`;
        this.failure = "not-ready";
        this.dispatch("start-timeout");
      },
    });
  }

  async #watchEnd(run: Run): Promise<void> {
    const outcome = await run.ended;
    if (this.#run !== run) return;
    // Asked to leave, the rest of the tree has until the stop timeout to end well; else it is a crash, and goes at once.
    const { clock } = this.#options;
    while (isAsked(this.state) && appProcesses(run.marked).length > 0) await clock.sleep(50);
    await this.#kill(run);
    this.#ended(run, outcome);
  }

  #ended(run: Run, outcome: Outcome): void {
    this.#run = undefined;
    this.crashes.outOfMemory += run.outOfMemory;
    this.address = null;
    if (this.state !== "expiring" && this.state !== "rejecting") this.lastExit = run.describe(outcome);
    const clean = outcome.kind === "exited" && outcome.code === 0 && this.state !== "expiring";
    const event = this.#endingOf(clean, run.about.listens !== null);
    removeSocket(run.about.listens, this.#options.door);
    const facts = { id: this.id, process: run.about.process, exit: this.lastExit ?? "" };
    this.#options.log(isLeaving(this.state) ? "ended" : "ended by itself", facts);
    const finished = run.finish().catch((error: unknown) => {
      this.#options.log("its last output could not be written", { id: this.id, reason: String(error) });
    });
    // What goes for good goes with its directory, so its last words are saved first; and who hears that a first try has
    // failed reads them at once. What served is taken out of the slots without a wait.
    const unproven = this.state === "ready" && !this.#proven;
    if (unproven) this.#options.slots();
    if (unproven || hasLastWords(this.state)) void finished.then(() => this.dispatch(event));
    else this.dispatch(event);
  }

  #endingOf(clean: boolean, serves = false): InstanceEvent {
    this.#turn?.ended();
    this.#endedWell = clean;
    return this.crashes.ended({ policy: this.#options.policy(), clean, proven: this.#proven, serves });
  }

  #noteOver(): void {
    if (this.state !== "ended" && this.state !== "exhausted") return;
    const exit = (this.lastExit ?? "exit unknown").slice(0, 1000);
    this.#options.noteOver?.({ how: this.state, at: Math.round(this.since), exit, clean: this.failure === null });
  }

  async #term(): Promise<void> {
    const { clock } = this.#options;
    const run = this.#run;
    if (run === undefined) return; // the spawn under way finds the state changed
    void after(clock, run.about.stopTimeout * 1000, this.#waits.signal, () => this.dispatch("stop-timeout"));
    await askToEndOnceKnown(run, clock);
  }

  async #kill(run = this.#run): Promise<void> {
    if (run === undefined || (await killApp(run.marked, this.#options.clock))) return;
    this.#options.log("a process outlives KILL", { id: this.id });
  }

  async #drain(): Promise<void> {
    const { signal } = this.#waits;
    const { clock, fence, warmth, log } = this.#options;
    const { address, graceUntil, id } = this;
    const where = whereCounted(address, this.#run?.about.listens);
    const how = where === null ? "nobody" : await untilLeft(where, graceUntil, { fence, clock, log, id }, signal);
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
    const { clock, timing, warmth, door } = this.#options;
    // Where it accepts now: what an earlier supervisor started is only believed to be where it was looked for.
    this.address = null;
    if (run !== undefined) void findAddress(run, clock, signal, door, (address) => (this.address = address));
    const time = { left: this.warmEnds - clock.elapsed(), look: timing.warmLook };
    void untilCool(time, warmth?.hasRoom, clock, signal).then((isOver) => isOver && this.dispatch("cooled"));
  }
}
