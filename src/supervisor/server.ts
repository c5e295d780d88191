/**
 * The socket: lines in, lines out. It bounds what a stranger may cost (line length, connections, requests at a time and a
 * second) and logs every refusal; what a verb means is not known here.
 */
import { chmodSync, chownSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { quote } from "#core/names.ts";
import type { Clock } from "#sys/clock.ts";
import type { Limits } from "./limits.ts";
import { requestMax, type Answer, type RefusalCode } from "./protocol.ts";
import { after } from "./after.ts";
import { Rate } from "./rate.ts";
import { Refusal } from "./refusal.ts";
import { fields, text, whole } from "./shape.ts";

/** Bytes of answers that may wait for somebody who does not read them. */
const unreadMax = 16 * 1024 * 1024;

export type ServerOptions = {
  readonly socket: string;
  /** Who may connect: the mode of the socket, and its group, which is our own if not given. */
  readonly access: { readonly mode: number; readonly group?: number };
  readonly limits: Limits;
  readonly clock: Clock;
  readonly serve: (verb: string, args: unknown) => Promise<unknown>;
  readonly log: (message: string, fields: Readonly<Record<string, string | number>>) => void;
};

/** Listens; resolves once it does. A socket file that is there is a dead one's: the caller holds the lock. */
export async function listen(options: ServerOptions): Promise<{ close(): Promise<void> }> {
  rmSync(options.socket, { force: true });
  const open = new Set<Socket>();
  const shared = { rate: new Rate(options.limits.rate, options.clock.elapsed()), overRate: 0 };
  const server = createServer((socket) => {
    if (open.size >= options.limits.connections) {
      logRefusal(options, shared, "rate", "", "too many connections");
      return void socket.on("error", () => undefined).destroy();
    }
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    talk(socket, options, shared);
  });
  await bind(server, options.socket);
  const { mode, group } = options.access;
  if (group !== undefined) chownSync(options.socket, 0, group);
  chmodSync(options.socket, mode);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

function bind(server: Server, path: string): Promise<void> {
  // Until chmod says otherwise nobody else may connect.
  const before = process.umask(0o177);
  return new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  }).finally(() => process.umask(before));
}

type Shared = { readonly rate: Rate; overRate: number };

function talk(socket: Socket, options: ServerOptions, shared: Shared): void {
  let partial: Buffer = Buffer.alloc(0);
  let greeted = false;
  let pending = 0;
  const send = (answer: Answer): void => {
    if (socket.writable) socket.write(`${JSON.stringify(answer)}\n`);
    if (socket.writableLength <= unreadMax) return;
    logRefusal(options, shared, "rate", "", "answers are not read");
    socket.destroy();
  };
  const refuse = (id: number, verb: string, thrown: unknown, inRate: boolean): void => {
    const error = inRate ? thrown : new Refusal("rate", "Too many requests.");
    const refusal = error instanceof Refusal ? error : refusalOf(error);
    const reason =
      error instanceof Refusal ? error.message : error instanceof Error ? (error.stack ?? error.message) : "unknown";
    logRefusal(options, shared, refusal.code, verb, reason);
    send({ id, ok: false, error: { code: refusal.code, message: refusal.message } });
  };
  const request = async (line: string): Promise<void> => {
    let id = 0;
    let verb = "";
    // Before the line is looked at: what is malformed costs, and is logged, like any other request.
    const inRate = shared.rate.take(options.clock.elapsed());
    try {
      const found = parseRequest(line);
      ({ id, verb } = found);
      if (!inRate) return refuse(id, verb, undefined, inRate);
      if (pending >= options.limits.pending) throw new Refusal("rate", "Too many requests at a time.");
      if (!greeted && verb !== "hello") throw new Refusal("invalid", "The first request must be hello.");
      pending += 1;
      try {
        const result = await options.serve(verb, found.args);
        greeted ||= verb === "hello";
        send({ id, ok: true, result });
      } finally {
        pending -= 1;
      }
    } catch (error) {
      refuse(id, verb, error, inRate);
    }
  };
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    let rest = partial.length === 0 ? chunk : Buffer.concat([partial, chunk]);
    for (let end = rest.indexOf(10); end >= 0 && end <= requestMax; end = rest.indexOf(10)) {
      void request(rest.toString("utf8", 0, end));
      rest = rest.subarray(end + 1);
    }
    partial = rest;
    if (rest.length <= requestMax) return;
    const inRate = shared.rate.take(options.clock.elapsed());
    refuse(0, "", new Refusal("invalid", `A request is longer than ${requestMax} bytes.`), inRate);
    partial = Buffer.alloc(0);
    socket.removeAllListeners("data");
    socket.destroySoon();
  });
}

function parseRequest(line: string): { id: number; verb: string; args: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Refusal("invalid", "A request is no JSON.");
  }
  const found = fields(value, "A request", ["id", "verb", "args"]);
  return {
    id: whole(found["id"], "id", 0, Number.MAX_SAFE_INTEGER),
    verb: text(found["verb"], "verb", 64),
    args: found["args"],
  };
}

/** For what was not foreseen: only a full disk is said, anything else may hold anything. */
function refusalOf(error: unknown): Refusal {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code !== "ENOSPC" && code !== "EDQUOT") {
    return new Refusal("internal", "The supervisor failed; its log says why.");
  }
  return new Refusal("full", "The server's disk is full.");
}

/** Every refusal is logged; in a flood only their number, or the flood would fill the disk with our own words. */
function logRefusal(options: ServerOptions, shared: Shared, code: RefusalCode, verb: string, reason: string): void {
  if (code !== "rate") return options.log("refused", { code, verb: quote(verb), reason });
  shared.overRate += 1;
  if (shared.overRate > 1) return;
  options.log("refused", { code, verb: quote(verb), reason });
  void after(options.clock, 1000, new AbortController().signal, () => {
    if (shared.overRate > 1) options.log("refused more", { code, count: shared.overRate - 1 });
    shared.overRate = 0;
  });
}
