/**
 * git over SSH: sshd has proved who holds which key, and has run our program (cmd/git-ssh.ts), which is at the other end of
 * this socket. Only hop3d's own user reaches it, so what it says of the key is true; all else is looked at here.
 */
import { rmSync, mkdirSync } from "node:fs";
import { createServer, isIP, type Socket } from "node:net";
import { dirname } from "node:path";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { gitActions, gitRoutes } from "#core/api/git.ts";
import { AppError, toAppError } from "#core/errors.ts";
import { parseGitCommand } from "#core/git-command.ts";
import { encodeGitFrame, gitHelloMax, type GitFrame, type GitHello } from "#core/git-frames.ts";
import { isFingerprint } from "#core/ssh-key.ts";
import type { Principal } from "#identity/principal.ts";
import type { Log } from "#sys/log.ts";
import { actorOf } from "../actor-of.ts";
import type { Audited, RequestAudit } from "../audit.ts";
import { admitGit, type GitOptions, stillMay } from "./conversation.ts";
import { relayInput, relayOutput } from "./relay.ts";

export type GitSocketOptions = GitOptions & {
  readonly path: string;
  /** Throws UNAUTHENTICATED. */
  readonly authenticateKey: (fingerprint: string, address: string | undefined) => Promise<Principal>;
  readonly audit: RequestAudit;
  readonly log: Pick<Log, "info" | "error">;
  /** Aborted when the server closes: cuts every client. */
  readonly closing: AbortSignal;
};

/** Conversations at a time, and milliseconds for the first line of one. */
const connectionsMax = 64;
const helloMs = 10_000;

export async function serveGitSocket(options: GitSocketOptions): Promise<void> {
  const { path, closing } = options;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // A predecessor's.
  rmSync(path, { force: true });
  const server = createServer({ allowHalfOpen: true }, (socket) => void converse(socket, options));
  server.maxConnections = connectionsMax;
  server.listen(path);
  await once(server, "listening");
  closing.addEventListener("abort", () => server.close(), { once: true });
}

async function converse(socket: Socket, options: GitSocketOptions): Promise<void> {
  const cut = (): void => void socket.destroy();
  options.closing.addEventListener("abort", cut, { once: true });
  const gone = new AbortController();
  socket.on("error", () => undefined);
  socket.once("close", () => {
    options.closing.removeEventListener("abort", cut);
    gone.abort();
  });
  const send = (frame: GitFrame): Promise<void> =>
    new Promise(
      (resolve, reject) => void socket.write(encodeGitFrame(frame), (error) => (error ? reject(error) : resolve())),
    );
  const requestId = randomUUID();
  const progress: Progress = {
    audited: {
      name: undefined,
      route: undefined,
      app: undefined,
      actor: actorOf(null, null, requestId),
      admitted: false,
      told: new Set(),
    },
  };
  const input = socket.iterator({ destroyOnReturn: false });
  try {
    const { hello, rest } = await readHello(input, socket);
    const status = await serve(hello, joined(rest, input), send, gone.signal, options, progress, requestId);
    await send({ kind: "exit", status });
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.cause !== undefined || error.code === "INTERNAL")
      options.log.error(error.message, { requestId, code: error.code, error: error.cause ?? error });
    await options.audit.failed(progress.audited, error);
    await send({
      kind: "stderr",
      data: Buffer.from(`hop3: ${error.message} (${error.code})\nhop3: ${error.hint}\n`),
    }).catch(() => undefined);
    await send({ kind: "exit", status: 128 }).catch(() => undefined);
  } finally {
    socket.destroySoon();
  }
}

/** What has come of it so far, for the audit log. */
type Progress = { audited: Audited };

/** The exit status of git. */
async function serve(
  hello: GitHello,
  input: AsyncIterable<Uint8Array>,
  send: (frame: GitFrame) => Promise<void>,
  gone: AbortSignal,
  options: GitSocketOptions,
  progress: Progress,
  requestId: string,
): Promise<number> {
  const [first = ""] = hello.connection.split(" ", 1);
  const address = isIP(first) === 0 ? null : first;
  progress.audited = { ...progress.audited, actor: actorOf(null, address, requestId) };
  const principal = await options.authenticateKey(hello.key, address ?? undefined);
  const by = actorOf(principal, address, requestId);
  progress.audited = { ...progress.audited, actor: by };
  const { service, app } = parseGitCommand(hello.command);
  const [name, route] =
    Object.entries(gitRoutes).find(([, one]) => one.method === "POST" && one.service === service) ?? [];
  progress.audited = { ...progress.audited, name: `git.${name}`, route, app };
  await admitGit(options, principal, app, service);
  progress.audited.admitted = true;
  options.log.info("git over SSH", { requestId, user: principal.name, service, app, action: gitActions[service] });
  const git = await options.open({
    app,
    service,
    by,
    stillMay: stillMay(options, principal, app, service),
    how: { kind: "direct", protocol: /^version=\d$/.test(hello.protocol) ? hello.protocol : "" },
  });
  const over = AbortSignal.any([gone, git.cut]);
  void relayInput(input, git.stdin, over);
  // Read to its end, whoever is there.
  const said = Promise.all([
    relayOutput(git.stdout, (data) => send({ kind: "stdout", data }), over),
    relayOutput(git.stderr, (data) => send({ kind: "stderr", data }), over),
  ]);
  await Promise.race([said, aborted(git.cut)]);
  if (git.cut.aborted) throw new AppError("UNAUTHENTICATED", "You may not do this any more.");
  return git.ended;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });
}

/** Throws INVALID_INPUT, TIMEOUT. */
async function readHello(input: AsyncIterator<Buffer>, socket: Socket): Promise<{ hello: GitHello; rest: Buffer }> {
  const late = setTimeout(() => socket.destroy(new Error("late")), helloMs);
  try {
    let seen = Buffer.alloc(0);
    for (;;) {
      const next = await input.next();
      if (next.done === true) throw new AppError("INVALID_INPUT", "Nobody said who is there.");
      seen = Buffer.concat([seen, next.value]);
      const end = seen.indexOf(0x0a);
      if (end !== -1) return { hello: parseHello(seen.toString("utf8", 0, end)), rest: seen.subarray(end + 1) };
      if (seen.length > gitHelloMax) throw new AppError("INVALID_INPUT", "What was asked for is too long.");
    }
  } finally {
    clearTimeout(late);
  }
}

function parseHello(line: string): GitHello {
  const refused = new AppError("INVALID_INPUT", "The program that sshd has run is another version's.", {
    hint: "Try again in a moment.",
  });
  let value: Partial<Record<keyof GitHello, unknown>>;
  try {
    value = JSON.parse(line) as typeof value;
  } catch {
    throw refused;
  }
  const { version, key, command, connection, protocol } = value;
  if (version !== 1 || typeof key !== "string" || !isFingerprint(key)) throw refused;
  if (typeof command !== "string" || typeof connection !== "string" || typeof protocol !== "string") throw refused;
  return { version, key, command, connection, protocol };
}

async function* joined(first: Buffer, more: AsyncIterator<Buffer>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  for (let next = await more.next(); next.done !== true; next = await more.next()) yield next.value;
}
