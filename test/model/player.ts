/** Plays events on the real supervisor, and keeps what of the model each may have led to. */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { AppError } from "#core/errors.ts";
import { markName } from "#supervisor/proc-tree.ts";
import type { InstanceStatus, Verb, Verbs } from "#supervisor/protocol.ts";
import { readProcStat } from "#supervisor/output/proc-stat.ts";
import { benchProcesses } from "#supervisor/bench.ts";
import { testToken, writeSession } from "#supervisor/testing-session.ts";
import { Belief } from "./belief.ts";
import type { AppVerb } from "./desire.ts";
import { appNames, type Event } from "./events.ts";
import type { House } from "./house.ts";
import { releaseNumbers } from "./releases.ts";
import { sayTo } from "./say-to.ts";
import type { Tally } from "./tally.ts";

/** Seconds that a verb may take at most: stop timeouts, waits for readiness and drains are all shorter. */
const answerWithin = 60;

export class Player {
  readonly house: House;
  readonly beliefs = new Map(appNames.map((app) => [app as string, new Belief()]));
  readonly #tally: Tally;
  readonly #pending = new Set<Promise<unknown>>();
  #sessions = 0;
  /** The first thing that went wrong in what nobody waits for. */
  #failure: Error | undefined;

  constructor(house: House, tally: Tally) {
    this.house = house;
    this.#tally = tally;
  }

  async play(event: Event): Promise<void> {
    await this.#up();
    const playing = this.#perform(event).catch((error: unknown) => {
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
    });
    this.#pending.add(playing);
    void playing.then(() => this.#pending.delete(playing));
    // What kills everything would kill a supervisor that is just started, too.
    if (event.pause === null || event.kind === "reboot") await playing;
    else await sleep(event.pause);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Everything that was asked is answered, what only a client keeps is ended, and a supervisor runs that nothing is to kill. */
  async rest(): Promise<void> {
    const seconds = answerWithin;
    const late = sleep(seconds * 1000).then(() => "late");
    const all = Promise.all(this.#pending);
    if ((await Promise.race([all, late])) === "late") throw new Error(`a verb was not answered within ${seconds} s`);
    if (this.#failure !== undefined) throw this.#failure;
    await this.#up();
    this.house.arm("none", 1);
    await this.#call("session.clear", {});
    for (const app of appNames) await this.#call("job.cancel", { app });
    await this.#up();
  }

  /** Asks for it in the app's name, as the model has it. Resolves with its answer. */
  async ask(app: string, asked: AppVerb): Promise<boolean> {
    const belief = this.beliefs.get(app);
    if (belief === undefined) throw new Error(`there is no ${app}`);
    const answered = belief.asked(asked);
    try {
      const { ready } = await askFor(this.house, app, asked);
      this.#tally.count(asked.verb, "served");
      answered("served");
      return ready;
    } catch (error) {
      const how = error instanceof AppError && error.code === "UNAVAILABLE" ? "lost" : "refused";
      this.#tally.count(asked.verb, how);
      answered(how, String(error));
      return false;
    }
  }

  async #up(): Promise<void> {
    if (this.house.pid() !== 0) return;
    await this.house.up();
    for (const belief of this.beliefs.values()) belief.supervisorDied();
  }

  async #perform(event: Event): Promise<void> {
    if (event.kind !== "ask") this.#tally.count(event.kind, "done");
    switch (event.kind) {
      case "ask":
        return void (await this.ask(event.app, event));
      case "deploy":
        for (const asked of event.asks) await this.ask(event.app, asked);
        return;
      case "kill":
        return this.#kill(event.app, event.nth, event.whom);
      case "close-socket":
      case "hold":
        return this.#say(event.app, event.nth, event.kind === "hold" ? "hold" : "close");
      case "cron":
        return void (await this.#call("cron.start", { app: event.app, job: event.job }));
      case "session":
        return this.#session(event.app, event.end);
      case "job":
        return void (await this.#call("build.step", { app: event.app, build: 1, step: event.step }));
      case "cancel-job":
        return void (await this.#call("job.cancel", { app: event.app }));
      case "kill-supervisor":
        await this.house.kill();
        return sleep(event.away);
      case "arm":
        return this.house.arm(event.point, event.nth);
      case "stop-supervisor":
        return this.house.stop();
      case "reboot":
        return this.house.reboot();
      case "restart-service":
        return void (await this.#call("service.restart", { service: "caddy" }));
      case "kill-service":
        return signal((await this.#call("status", {}))?.services[0]?.pid ?? 0);
      case "settle":
        return;
    }
  }

  /** What may be refused without meaning anything. */
  async #call<V extends Verb>(verb: V, args: Verbs[V]["args"]): Promise<Verbs[V]["result"] | undefined> {
    try {
      return await this.house.bench.client.call(verb, args);
    } catch (error) {
      if (error instanceof AppError) return undefined;
      throw error;
    }
  }

  async #nth(app: string, nth: number): Promise<InstanceStatus | undefined> {
    const found = (await this.#call("status", {}))?.apps.find((one) => one.app === app)?.instances ?? [];
    return found[nth % Math.max(1, found.length)];
  }

  async #kill(app: string, nth: number, whom: "app" | "launcher"): Promise<void> {
    const pid = (await this.#nth(app, nth))?.pid ?? 0;
    if (pid === 0) return;
    this.beliefs.get(app)?.killed();
    signal(whom === "app" ? pid : (readProcStat(pid)?.ppid ?? 0));
  }

  async #say(app: string, nth: number, word: "close" | "hold"): Promise<void> {
    const one = await this.#nth(app, nth);
    if (one === undefined || one.address === null || !this.house.canDial(one.address)) return;
    if (word === "close") this.beliefs.get(app)?.deaf.add(one.id);
    const socket = await sayTo(one.address, word).catch(() => undefined);
    if (word === "hold") setTimeout(() => socket?.destroy(), 1000);
    else socket?.destroy();
  }

  async #session(app: string, how: "leave" | "end" | "kill"): Promise<void> {
    const session = (this.#sessions += 1);
    const argv = ["/bin/sh", "-c", "setsid sleep 1000 & exec sleep 1000"];
    writeSession(this.house.bench, session, { app, release: releaseNumbers[0] ?? 1, argv });
    const opened = await this.#call("session.open", { app, session });
    if (opened === undefined) return;
    const client = connect(opened.socket).on("error", () => undefined);
    client.write(testToken);
    await sleep(100);
    if (how === "end") await this.#call("session.end", { app, session });
    if (how === "kill") signal(sessionOf(this.house.base, opened.socket));
    client.destroy();
  }
}

async function askFor({ bench }: House, app: string, asked: AppVerb): Promise<{ ready: boolean }> {
  const { client } = bench;
  const timeout = 20;
  const done = { ready: true };
  switch (asked.verb) {
    case "start":
    case "cutover":
      await client.call(`app.${asked.verb}`, { app, release: asked.release });
      return done;
    case "await":
      return client.call("app.await", { app, release: asked.release, timeout });
    case "retire":
      await client.call("app.retire", { app, release: asked.release, drain: asked.drain, warm: asked.warm });
      return done;
    case "scale":
      return client.call("app.scale", { app, counts: { [asked.type]: asked.count }, drain: asked.drain, timeout });
    case "renew": {
      const [type = "", index = "1"] = asked.place?.split(".") ?? [];
      const place = asked.place === null ? {} : { place: { type, index: Number(index) } };
      return client.call("app.renew", { app, ...place, timeout });
    }
    case "swap":
      await client.call("app.swap", { app, drain: asked.drain });
      return done;
    case "resume":
      return client.call("app.resume", { app, timeout });
    default:
      await client.call(`app.${asked.verb}`, { app });
      return done;
  }
}

/** The session process whose socket is in the directory named by its mark; 0 when it is gone. */
function sessionOf(base: string, socket: string): number {
  const mark = `${markName}=${socket.split("/").at(-2)}`;
  const isOf = (pid: number): boolean => {
    try {
      return (
        readFileSync(`/proc/${pid}/environ`, "latin1").includes(mark) &&
        readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("session.ts")
      );
    } catch {
      return false;
    }
  };
  return benchProcesses(base).find(isOf) ?? 0;
}

function signal(pid: number): void {
  if (pid <= 1) return;
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
