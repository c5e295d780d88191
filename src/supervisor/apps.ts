/**
 * The apps as they should be and as they are: the desired state in memory and on disk, and a Supervised for each desired
 * instance. The verbs (app-verbs.ts) are sequences of `edit` and `until`; everything that changes what is desired goes
 * through `edit`, so that the file is always ahead of what is done.
 */
import { randomInt } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import type { Layout } from "#core/layout.ts";
import type { ProcessSpec, ReleaseRecord } from "#core/records.ts";
import type { Clock } from "#sys/clock.ts";
import { isKept, saveDesired, unknownApp, type Desired, type DesiredApp, type DesiredInstance } from "./desired.ts";
import type { Limits } from "./limits.ts";
import type { Fence } from "./fence.ts";
import { freePort } from "./ports.ts";
import { newId } from "./id.ts";
import { instanceStatus } from "./instance-status.ts";
import { instanceOptions } from "./instance-options.ts";
import type { Memory } from "./memory.ts";
import type { AppStatus } from "./protocol.ts";
import { readRelease, type RecordSource } from "./records.ts";
import { Refusal } from "./refusal.ts";
import type { RunContext, Start } from "./run.ts";
import { openDirectory, relativeParts } from "./safe-path.ts";
import { slotAddresses } from "./slot-addresses.ts";
import { SlotWriter } from "./slot-writer.ts";
import { removeSlots } from "./slots.ts";
import { StartTurns } from "./start-turns.ts";
import type { Timing } from "./supervised-options.ts";
import { Supervised } from "./supervised.ts";

export type AppsOptions = {
  readonly layout: Layout;
  readonly clock: Clock;
  readonly timing: Timing;
  readonly limits: Limits;
  readonly records: RecordSource;
  readonly run: RunContext;
  /** Turns an instance's record into what to run. */
  readonly prepare: (apps: Apps, app: string, id: string) => Promise<Start>;
  readonly log: (message: string, fields?: Readonly<Record<string, string | number>>) => void;
  readonly fence: Fence;
  /** The host's memory as it is now. */
  readonly memory: () => Memory;
  readonly fault: (point: string) => void;
};

/** A longer timer fires at once. */
const timerMax = 2 ** 31 - 1;

export class Apps {
  readonly options: AppsOptions;
  readonly running = new Map<string, Supervised>();
  /** Set while everything is stopped without being undesired. */
  closing = false;
  #desired: Map<string, DesiredApp>;
  readonly #slots: SlotWriter;
  readonly #turns: StartTurns;
  #listeners = new Set<() => void>();
  #lastPort: number;
  #portSearch: Promise<unknown> = Promise.resolve();

  constructor(desired: Desired, options: AppsOptions) {
    this.options = options;
    this.#desired = new Map(desired);
    this.#slots = new SlotWriter(options);
    const { startsAtOnce: atOnce, startHold: hold, startLeast: least } = options.timing;
    this.#turns = new StartTurns({ atOnce, hold, least }, options.clock);
    // Anywhere in the range: a port that was given up just before our start rests as well.
    this.#lastPort = randomInt(options.limits.ports.first, options.limits.ports.last + 1);
  }

  get startsWaiting(): number {
    return this.#turns.waiting;
  }

  names(): string[] {
    return [...this.#desired.keys()].sort();
  }

  find(app: string): DesiredApp | undefined {
    return this.#desired.get(app);
  }

  known(app: string): DesiredApp {
    const found = this.#desired.get(app);
    if (found === undefined) throw new Refusal("unknown", `There is no app ${app} here.`);
    return found;
  }

  /** Writes down what shall be, before anything is done about it. */
  edit(app: string, change: (before: DesiredApp) => DesiredApp): DesiredApp {
    const next = change(this.#desired.get(app) ?? unknownApp);
    const all = new Map(this.#desired).set(app, next);
    this.#save(all);
    return next;
  }

  /** An `edit` of some instances. */
  change(app: string, ids: readonly string[], facts: Partial<Omit<DesiredInstance, "id">>): void {
    const changed = (one: DesiredInstance) => (ids.includes(one.id) ? { ...one, ...facts } : one);
    this.edit(app, (before) => ({ ...before, instances: before.instances.map(changed) }));
  }

  remove(app: string): void {
    const all = new Map(this.#desired);
    all.delete(app);
    this.#save(all);
    removeSlots(this.options.layout, app);
  }

  #save(all: Map<string, DesiredApp>): void {
    this.options.fault("before-save");
    saveDesired(this.options.layout.desiredState, all);
    this.#desired = all;
    this.options.fault("after-save");
  }

  /** A new instance, not yet desired: `edit` it in, then `launch` it. Takes a port that nobody has. */
  async plan(
    release: number,
    type: string,
    index: number,
    spec: ProcessSpec,
    proven: boolean,
    taken: Set<number>,
  ): Promise<DesiredInstance> {
    const port = spec.listens === "http" ? await this.takePort(taken) : null;
    if (port !== null) taken.add(port);
    return {
      id: newId((id) => this.running.has(id)),
      release,
      type,
      index,
      port,
      proven,
      leavingUntil: null,
      warmUntil: null,
      over: null,
    };
  }

  /** The Supervised of a desired instance; made when there is none. */
  supervise(app: string, instance: DesiredInstance): Supervised {
    const found = this.running.get(instance.id);
    if (found !== undefined) return found;
    const { id } = instance;
    const one = new Supervised({
      ...instanceOptions(this, app, id),
      prepare: () => this.options.prepare(this, app, id),
      turns: this.#turns,
      forget: () => this.#forget(app, id),
      changed: () => this.#changed(),
    });
    this.running.set(id, one);
    mkdirSync(join(this.options.layout.instanceSockets, id), { recursive: true, mode: 0o700 });
    return one;
  }

  directory(id: string): string {
    return join(this.options.layout.supervisor, "instances", id);
  }

  /** Where an instance may open its unix socket. */
  socket(id: string): string {
    return `${this.options.layout.instanceSockets}/${id}/s.sock`;
  }

  /** Where that is dialed. */
  dialed(id: string): string {
    return this.options.run.system === undefined ? this.socket(id) : join(this.options.layout.doors, id);
  }

  /**
   * Makes the slots say what the states say: the ready web instances of the live release that do not leave. While none
   * is ready the last address stays (the instance comes back there), except when the app is meant to be down. False when
   * they could not be written, on a full disk: then it is tried until they are.
   */
  writeSlots(app: string): boolean {
    const desired = this.#desired.get(app);
    if (desired === undefined) return true;
    const { addresses, may } = slotAddresses(desired, (id) => [this.running.get(id), this.dialed(id)]);
    return this.#slots.write(app, addresses, may, () => !this.closing && this.writeSlots(app));
  }

  /** Resolves true when the condition holds, false when `seconds` have passed. Looked at after each change. */
  async until(condition: () => boolean, seconds: number): Promise<boolean> {
    if (condition()) return true;
    const timeout = new AbortController();
    return new Promise((resolve) => {
      const settle = (result: boolean): void => {
        this.#listeners.delete(look);
        timeout.abort();
        resolve(result);
      };
      const look = (): void => {
        if (condition()) settle(true);
      };
      this.#listeners.add(look);
      this.options.clock.sleep(Math.min(seconds * 1000, timerMax), timeout.signal).then(
        () => settle(condition()),
        () => undefined,
      );
    });
  }

  status(app: string): AppStatus {
    const desired = this.known(app);
    return {
      app,
      live: desired.live,
      stopped: desired.stopped,
      instances: desired.instances.map((one) => instanceStatus(one, this.running.get(one.id))),
    };
  }

  release(app: string, release: number): ReleaseRecord {
    return readRelease(this.options.records, app, release);
  }

  /** Ports held by any desired instance. */
  heldPorts(): Set<number> {
    const held = new Set<number>();
    for (const app of this.#desired.values())
      for (const one of app.instances) if (one.port !== null) held.add(one.port);
    return held;
  }

  /** Those kept warm left out: at most as many again, since one release of an app is kept. */
  count(): number {
    let count = 0;
    for (const app of this.#desired.values()) count += app.instances.filter((one) => !isKept(one)).length;
    return count;
  }

  /** Opens a working directory inside a build's tree. The caller closes it. */
  openTree(app: string, build: number, cwd: string): number {
    return openDirectory(this.options.layout.apps, [
      app,
      "builds",
      String(build),
      "tree",
      ...relativeParts(cwd, "cwd"),
    ]);
  }

  /** True while a run of this name (log-files.ts) is under way. */
  runs(run: string): boolean {
    const found = this.running.get(run.slice(run.lastIndexOf("-") + 1))?.run;
    return found !== undefined && basename(found.directory) === run;
  }

  /** A desired instance; refused when it is not wanted any more. */
  instance(app: string, id: string): DesiredInstance {
    const found = this.#desired.get(app)?.instances.find((one) => one.id === id);
    if (found === undefined) throw new Refusal("unknown", `The instance ${id} of ${app} is not wanted any more.`);
    return found;
  }

  /** One at a time: two that look for a port together would find the same one. */
  takePort(taken: ReadonlySet<number>): Promise<number> {
    const search = async (): Promise<number> => {
      const held = this.heldPorts();
      for (const port of taken) held.add(port);
      this.#lastPort = await freePort(this.options.limits.ports, held, this.#lastPort);
      return this.#lastPort;
    };
    const found = this.#portSearch.then(search, search);
    this.#portSearch = found.catch(() => undefined);
    return found;
  }

  #forget(app: string, id: string): void {
    this.running.delete(id);
    const desired = this.#desired.get(app);
    if (!this.closing && desired?.instances.some((one) => one.id === id) === true) {
      const without = { ...desired, instances: desired.instances.filter((one) => one.id !== id) };
      try {
        this.edit(app, () => without);
      } catch (error) {
        // Its process has ended, whatever the disk says: the next change writes that down too.
        this.#desired.set(app, without);
        this.options.log("the desired state could not be written", { app, reason: String(error) });
      }
    }
    const { doors, instanceSockets } = this.options.layout;
    for (const path of [join(doors, id), join(instanceSockets, id), this.directory(id)]) {
      try {
        rmSync(path, { recursive: true, force: true });
      } catch (error) {
        // Something still writes there; the next start of a supervisor removes it.
        this.options.log("a directory could not be removed", { app, path, reason: String(error) });
      }
    }
  }

  #changed(): void {
    for (const look of this.#listeners) look();
  }
}
