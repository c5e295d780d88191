/**
 * One-off commands and terminals: what is wanted is remembered until its client joins; then the record is written, the
 * supervisor starts the session process by it, and the connection to that process is handed out. Nothing here looks into
 * what is said on it, so whoever carries it may change.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import type { Actor } from "#core/actor.ts";
import type { SessionWish } from "#core/api/sessions.ts";
import { AppError, toAppError } from "#core/errors.ts";
import type { SessionRecord, SessionSecrets } from "#core/records.ts";
import { recordEnvContext, seal } from "#core/sealed.ts";
import { appendEvent } from "#store/events.ts";
import type { Platform } from "./platform.ts";
import type { Wish } from "./open-sessions.ts";
import { requireApp } from "./require-app.ts";
import { refuseReserved } from "./reserved-env.ts";
import { supervisorIsBack } from "./deploy/supervisor-is-back.ts";

/** Milliseconds within which a wish must be joined, and how many may wait. */
const joinWithin = 30_000;
const wishesMax = 256;

/** Remembers what is wanted; nothing runs yet. Throws APP_NOT_FOUND, NO_RELEASE, INVALID_INPUT, RATE_LIMITED. */
export async function createSession(
  platform: Platform,
  app: string,
  wanted: SessionWish,
  by: Actor,
): Promise<{ session: string; release: number }> {
  const { liveRelease: release } = await requireApp(platform, app);
  if (release === null) throw new AppError("NO_RELEASE", `${app} has no release yet.`);
  for (const name of Object.keys(wanted.env)) refuseReserved(name);
  const { wishes } = platform.sessions;
  if (wishes.size >= wishesMax) throw new AppError("RATE_LIMITED", "Too many one-off commands wait for their client.");
  const session = randomBytes(16).toString("base64url");
  wishes.set(session, { app, by: by.name, release, wanted });
  setTimeout(() => wishes.delete(session), joinWithin).unref();
  return { session, release };
}

/**
 * Starts what was wanted, for who wanted it, and gives the connection to it; when that is closed, nothing of it is left
 * shortly after. Throws NOT_FOUND, RATE_LIMITED, UNAVAILABLE.
 */
export async function joinSession(platform: Platform, app: string, session: string, by: Actor): Promise<Socket> {
  const { wishes, joined } = platform.sessions;
  const wish = wishes.get(session);
  if (wish === undefined || wish.app !== app || wish.by !== by.name) {
    throw new AppError("NOT_FOUND", "There is no such session to join, or not any more.", {
      hint: "Run the command again.",
    });
  }
  wishes.delete(session);
  if (!platform.sessions.ready)
    throw new AppError("UNAVAILABLE", "The supervisor has not answered since the server's start.");
  let number = 1;
  while (joined.has(`${app} ${number}`)) number += 1;
  const name = `${app} ${number}`;
  joined.add(name);
  const { terminal, command } = wish.wanted;
  // Who ran what. Arguments may hold secrets, and so may the words of a shell line.
  await appendEvent(platform.store, {
    actor: by,
    action: "app.run",
    app,
    target: `run.${number}`,
    outcome: "ok",
    details: { program: programOf(command), release: wish.release, terminal: terminal !== null },
  }).catch((error: unknown) => {
    joined.delete(name);
    throw error;
  });
  const ended = (): void => void end(platform, app, number).finally(() => joined.delete(name));
  try {
    const connection = await start(platform, wish, number);
    connection.once("close", ended);
    return connection;
  } catch (error) {
    ended();
    throw error;
  }
}

async function start({ layout, masterKey, supervisor, fault }: Platform, wish: Wish, number: number): Promise<Socket> {
  const { app, release, wanted } = wish;
  const { command, env, terminal, timeout } = wanted;
  const token = randomBytes(32).toString("base64url");
  const secrets: SessionSecrets = {
    argv: command.length === 1 ? ["/bin/sh", "-c", command[0] ?? ""] : command,
    env: terminal === null ? env : { TERM: terminal.type, ...env },
    token,
  };
  const record: SessionRecord = {
    version: 1,
    app,
    session: number,
    release,
    terminal: terminal === null ? null : { columns: terminal.columns, rows: terminal.rows },
    timeout,
    sealed: seal(masterKey, recordEnvContext("session", app, number), JSON.stringify(secrets)),
  };
  const place = layout.session(app, number);
  await mkdir(place, { recursive: true, mode: 0o750 });
  try {
    await writeFile(layout.sessionRecord(app, number), JSON.stringify(record), { mode: 0o640 });
    await fault("session:written");
    const { socket: path } = await supervisor.call("session.open", { app, session: number });
    await fault("session:opened");
    const socket = connect({ path, allowHalfOpen: true });
    await once(socket, "connect").catch((cause: unknown) => {
      throw new AppError("UNAVAILABLE", "The session has ended before it could be joined.", { cause });
    });
    socket.write(token);
    await fault("session:joined");
    return socket;
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

async function end({ supervisor, log }: Platform, app: string, session: number): Promise<void> {
  try {
    await supervisor.call("session.end", { app, session });
  } catch (thrown) {
    // The next supervisor ends what this one has started.
    log.error("the end of a session could not be asked for", { app, session, error: toAppError(thrown) });
  }
}

/** The program's name when it can be no secret. */
function programOf([program = "", ...args]: readonly string[]): string {
  return /^[\w./+-]{1,200}$/.test(program) ? program : args.length === 0 ? "/bin/sh" : "?";
}

/** Milliseconds before what failed is tried again. */
const pause = 2000;

/** Ends what a predecessor's clients had open, and removes its records; until then none is joined. */
export function endLostSessions(platform: Platform): { readonly done: Promise<void> } {
  const clear = async (): Promise<void> => {
    while (!platform.stopping.aborted) {
      try {
        await supervisorIsBack(platform);
        await platform.supervisor.call("session.clear", {});
        platform.sessions.ready = true;
        return;
      } catch {
        await platform.clock.sleep(pause, platform.stopping).catch(() => undefined);
      }
    }
  };
  return { done: removeRecords(platform).then(clear) };
}

async function removeRecords({ layout }: Platform): Promise<void> {
  for (const app of await readdir(layout.apps).catch(() => [])) {
    if (app.startsWith(".")) continue;
    for (const name of await readdir(layout.sessions(app)).catch(() => [])) {
      await rm(join(layout.sessions(app), name), { recursive: true, force: true });
    }
  }
}
