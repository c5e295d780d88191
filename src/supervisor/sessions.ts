/**
 * Session processes: one for each one-off command or terminal, serving its one client on a socket of its own. It ends
 * its command when the client has gone; we end whatever is left of the tree when it has ended, was killed, or is asked
 * after by nobody any more. A note on the disk (`sessions/<mark>.json`) lets the next supervisor take over those whose
 * client has come, who notices nothing, and end whatever else a dead one left.
 */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { closeSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { sessionReady, type SessionPlan } from "#core/session-plan.ts";
import type { Clock } from "#sys/clock.ts";
import { after } from "./after.ts";
import { replaceFile } from "./atomic-file.ts";
import type { Cgroup } from "./cgroup/cgroup.ts";
import { enclose, type Enclosed } from "./enclose.ts";
import { JobTail } from "./job-tail.ts";
import type { OwnLog } from "./own-log.ts";
import { isAlive, readProcStat } from "./output/proc-stat.ts";
import { markName, type Marked } from "./proc-tree.ts";
import { Refusal } from "./refusal.ts";
import { isHeld, readSessionNote, type SessionNote } from "./session-note.ts";
import { killTree } from "./terminate.ts";
import type { RunWalls } from "./walls/run-walls.ts";

/** How a session process itself is started: `cmd/session.ts` on the Node that runs us. */
export type SessionCommand = {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

export type SessionStart = {
  readonly app: string;
  readonly session: number;
  /** An open descriptor of the working directory; closed here. */
  readonly cwd: number;
  readonly plan: Omit<SessionPlan, "socket">;
  /** In system mode: what stands around the process with this mark, and the opening of its socket to `hop3d`, which may throw. */
  readonly walled?: { readonly walls: (mark: string) => RunWalls; readonly offer: (mark: string) => void } | undefined;
};

type Context = {
  /** Of the notes. */
  readonly directory: string;
  /** Of the sockets' directories. */
  readonly sockets: string;
  readonly command: SessionCommand;
  readonly limits: { readonly sessions: number; readonly sessionsPerApp: number };
  readonly clock: Clock;
  readonly bootId: string;
  readonly newId: () => string;
  readonly log: OwnLog;
  /** Of system mode. */
  readonly system: { cgroup(parts: readonly string[]): Cgroup } | undefined;
  readonly fault: (point: string) => void;
};

type Held = {
  readonly app: string;
  readonly session: number;
  readonly marked: Marked & { readonly cgroup: Cgroup | undefined };
  /** Resolves with how the process has ended. */
  readonly exited: Promise<string>;
  /** Milliseconds from now on. */
  readonly most: number;
};

type Session = {
  readonly app: string;
  /** Ends it, after a grace in milliseconds in which it may end by itself; resolves when nothing of it is left. */
  readonly end: (grace: number) => Promise<void>;
};

/** Milliseconds for a session process to serve, and beyond its own end of time to end. */
const readyWithin = 60_000;
const overtime = 10_000;

/** Milliseconds between two looks at a process that an earlier supervisor has started: nobody tells us of its end. */
const adoptedLook = 500;

/** A session process whose client has gone needs this long at most to end by itself. */
const endGrace = 4000;

export class Sessions {
  readonly #context: Context;
  /** By `app session`. */
  readonly #open = new Map<string, Session>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Ends what a dead supervisor's sessions have left running. */
  async recover(): Promise<void> {
    const { directory, sockets, clock, bootId, system } = this.#context;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    await Promise.all(
      readdirSync(directory).map(async (file) => {
        const mark = /^([a-z0-9]{8})\.json$/.exec(file)?.[1];
        const note = mark === undefined ? undefined : readSessionNote(join(directory, file));
        if (mark === undefined || note?.bootId !== bootId) return rmSync(join(directory, file), { force: true });
        const cgroup = note.cgroup === null ? undefined : system?.cgroup(note.cgroup);
        if (isHeld(note, join(sockets, mark, "s.sock"))) return this.#adopt(mark, note, cgroup);
        await killTree({ mark, cgroup }, clock);
        await cgroup?.remove(clock);
        rmSync(join(directory, file), { force: true });
      }),
    );
    // The directory itself stays as it is: in system mode `hop3d` passes it.
    mkdirSync(sockets, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(sockets)) rmSync(join(sockets, name), { recursive: true, force: true });
  }

  get isAny(): boolean {
    return this.#open.size > 0;
  }

  /** Resolves when there is none, or the signal comes. */
  async untilNone(signal: AbortSignal): Promise<void> {
    while (this.isAny && !signal.aborted) await sleep(this.#context.clock, adoptedLook, signal);
  }

  /** Goes on with a session that an earlier supervisor has started. */
  #adopt(mark: string, note: SessionNote, cgroup: Cgroup | undefined): void {
    const { clock, log } = this.#context;
    const { app, session, process, endsAt = 0 } = note;
    const exited = (async () => {
      while (process !== undefined && isAlive(process)) await clock.sleep(adoptedLook);
      // How it ended is nobody's to know any more.
      return "exit 0";
    })();
    const most = Math.max(0, endsAt - clock.now());
    this.#hold({ app, session, marked: { mark, app: process, cgroup }, exited, most }, () => "");
    log("goes on with a session", { app, session });
  }

  /** Resolves with the socket where the session waits for its client. */
  async open(start: SessionStart): Promise<{ socket: string }> {
    const { app, session, cwd } = start;
    try {
      const { sessions, sessionsPerApp } = this.#context.limits;
      const name = `${app} ${session}`;
      if (this.#open.has(name)) throw new Refusal("conflict", `Session ${session} of ${app} runs already.`);
      const mine = [...this.#open.values()].filter((one) => one.app === app).length;
      if (mine >= sessionsPerApp)
        throw new Refusal("rate", `${app} has ${mine} one-off commands and terminals already.`);
      if (this.#open.size >= sessions)
        throw new Refusal("rate", `There are ${sessions} one-off commands and terminals.`);
      return await this.#start(start);
    } finally {
      closeSync(cwd);
    }
  }

  /** For a session whose client has gone. Resolves when nothing of it is left; true when there was one. */
  async end(app: string, session: number): Promise<boolean> {
    const found = this.#open.get(`${app} ${session}`);
    await found?.end(endGrace);
    return found !== undefined;
  }

  /** Ends all, or all of one app, at once. */
  async endAll(app?: string): Promise<number> {
    const found = [...this.#open.values()].filter((one) => app === undefined || one.app === app);
    await Promise.all(found.map((one) => one.end(0)));
    return found.length;
  }

  /** Enters it among those that are open, ends it when its time is over, and removes what is left of it when it has ended. */
  #hold(held: Held, lastWords: () => string): { end: Session["end"]; stopped: AbortSignal } {
    const { clock, log } = this.#context;
    const { app, session, marked, exited, most } = held;
    const name = `${app} ${session}`;
    const stop = new AbortController();
    const cleaned = async (): Promise<void> => {
      const how = await exited;
      stop.abort();
      if (how !== "exit 0") log("a session process did not end well", { app, session, how, said: lastWords() });
      try {
        // What left the session, and all of it when the process was killed.
        if (!(await killTree(marked, clock))) log("a process outlives KILL", { app, session });
        await marked.cgroup?.remove(clock);
        this.#clean(marked.mark);
      } catch (error) {
        // Its directory or its note could not be removed: the next start of a supervisor does it.
        log("a session could not be cleaned up", { app, session, reason: String(error) });
      } finally {
        this.#open.delete(name);
      }
    };
    const gone = cleaned();
    const end = async (grace: number): Promise<void> => {
      const within = await Promise.race([gone.then(() => true), sleep(clock, grace, stop.signal)]);
      if (within !== true) await killTree(marked, clock);
      await gone;
    };
    this.#open.set(name, { app, end });
    void after(clock, most, stop.signal, () => void end(0));
    return { end, stopped: stop.signal };
  }

  #clean(mark: string): void {
    const { directory, sockets } = this.#context;
    rmSync(join(sockets, mark), { recursive: true, force: true });
    rmSync(join(directory, `${mark}.json`), { force: true });
  }

  async #start({ app, session, cwd, plan, walled }: SessionStart): Promise<{ socket: string }> {
    const { directory, sockets, command, bootId, newId, clock, system, fault } = this.#context;
    const mark = newId();
    const note = join(directory, `${mark}.json`);
    const place = join(sockets, mark);
    const socket = join(place, "s.sock");
    let child: ChildProcessByStdio<Writable, Readable, Readable>;
    let enclosed: Enclosed | undefined;
    let noted: SessionNote = { app, session, bootId, cgroup: null };
    try {
      replaceFile(note, JSON.stringify(noted));
      mkdirSync(place, { mode: 0o700 });
      const walls = walled?.walls(mark);
      noted = { ...noted, cgroup: walls === undefined ? null : [...walls.above, `run-${mark}`] };
      replaceFile(note, JSON.stringify(noted));
      if (walls !== undefined) enclosed = enclose(system, walls, `run-${mark}`, clock);
      fault("before-session");
      // What walls it in dies with its parent, which must not be us: the next supervisor goes on with the session.
      const parent = enclosed === undefined ? [] : ["/bin/sh", "-c", '"$@"; exit "$?"', "session"];
      const [file = "", ...args] = [...parent, ...(enclosed?.argv ?? []), ...command.argv];
      child = spawn(file, args, {
        cwd: enclosed === undefined ? `/proc/self/fd/${cwd}` : "/",
        env: { ...command.env, [markName]: mark },
        detached: true,
        stdio: ["pipe", "pipe", "pipe"],
      });
    } catch (error) {
      this.#clean(mark);
      void enclosed?.cgroup.remove(clock);
      throw error;
    }
    fault("after-session");
    const marked = {
      mark,
      app: child.pid === undefined ? undefined : readProcStat(child.pid),
      cgroup: enclosed?.cgroup,
    };
    const tail = new JobTail();
    void tail.take(child.stderr);
    const exited = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code, signal) => resolve(signal ?? `exit ${code}`));
    });
    const most = plan.timeout * 1000 + overtime;
    const held = { app, session, marked, exited, most };
    const { end, stopped } = this.#hold(held, () => tail.lines.join(" "));

    const ready = untilReady(child, exited);
    // Marked last: no record can name the mark of another.
    const handed: SessionPlan = { ...plan, env: { ...plan.env, [markName]: mark }, socket };
    child.stdin.on("error", () => undefined).end(JSON.stringify(handed));
    const served = await Promise.race([ready, sleep(clock, readyWithin, stopped)]);
    if (served === true) {
      try {
        const serving: SessionNote = { ...noted, endsAt: clock.now() + most };
        replaceFile(note, JSON.stringify({ ...serving, process: marked.app }));
        walled?.offer(mark);
      } catch (error) {
        await end(0);
        throw error;
      }
      fault("session-ready");
      return { socket };
    }
    await end(0);
    throw new Error(`the session process did not come to serve (${typeof served === "string" ? served : "no answer"})`);
  }
}

/** True when it has said that it serves, or how it ended before. */
function untilReady(
  child: ChildProcessByStdio<Writable, Readable, Readable>,
  exited: Promise<string>,
): Promise<true | string> {
  const said = new Promise<true>((resolve) => {
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      // Only what it says first is listened to; the rest is read so that it is not held up.
      if (text.length < sessionReady.length) text += chunk;
      if (text.startsWith(sessionReady)) resolve(true);
    });
  });
  return Promise.race([said, exited]);
}

/** Resolves when the time has passed, or when it need not be waited for any more. */
function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return clock.sleep(ms, signal).catch(() => undefined);
}
