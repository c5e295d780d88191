/** One HTTP exchange, on node:http: fetch cannot dial loopback for *.localhost, nor hear an answer while it still uploads. */
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import type { Socket } from "node:net";
import { type Duplex, type Readable, pipeline } from "node:stream";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { Dial, Tunnel } from "./ssh/tunnel.ts";

export type Exchange = {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Readable;
  readonly signal: AbortSignal;
  /** Instead of a connection to the URL's host. */
  readonly dial?: Dial;
  /** PEM of an authority to trust beside those of the system. */
  readonly ca?: string;
};

/** Milliseconds of silence after which the kernel asks whether the other end is there. */
const keepAlive = 5000;

/** True for the names and addresses of this machine: `localhost`, `*.localhost`, 127.0.0.0/8, `[::1]`. */
export function isLoopback(hostname: string): boolean {
  return isLocalName(hostname) || hostname === "[::1]" || /^127(\.[0-9]{1,3}){3}$/.test(hostname);
}

function isLocalName(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost");
}

/** Resolves with the head of the answer. Rejects with UNREACHABLE, with CANCELED when aborted, or with what the body threw. */
export async function exchange(exchange: Exchange): Promise<IncomingMessage> {
  const { method, url, headers, body, signal } = exchange;
  signal.throwIfAborted();
  const send = sender(url);
  const { options, tunnel } = await connectionOf(exchange);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  let answered = false;
  let bodyError: unknown;
  const sent = send({ method, headers: { host: url.host, ...headers }, signal, ...options });
  sent.on("response", (response) => {
    answered = true;
    resolve(response);
  });
  sent.on("error", (cause) => {
    // An early refusal closes the line under an upload; the answer is then already here.
    if (answered) return;
    if (signal.aborted) reject(canceled(cause));
    else if (bodyError instanceof AppError) reject(bodyError);
    else void noAnswer(url, cause, tunnel).then(reject, reject);
  });
  if (body === undefined || typeof body === "string") sent.end(body);
  else {
    body.on("error", (error) => {
      bodyError = error;
    });
    pipeline(body, sent, () => undefined);
  }
  return promise;
}

export type Upgrade = Omit<Exchange, "body" | "method"> & { readonly protocol: string };

/** A connection that was taken over, or the answer of a server that did not. Rejects as `exchange` does. */
export async function upgrade(upgrade: Upgrade): Promise<Duplex | IncomingMessage> {
  const { url, headers, protocol, signal } = upgrade;
  signal.throwIfAborted();
  const send = sender(url);
  const { options, tunnel } = await connectionOf(upgrade);
  const sent = send({ headers: { host: url.host, ...headers, connection: "Upgrade", upgrade: protocol }, ...options });
  // Only until there is a connection: what an interruption means after that is for its user to say.
  const abort = (): void => void sent.destroy();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      sent.on("upgrade", (_, socket: Socket, head: Buffer) => {
        if (tunnel === undefined) socket.setNoDelay(true).setKeepAlive(true, keepAlive);
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
      sent.on("response", resolve);
      sent.on("error", (cause) => {
        if (signal.aborted) reject(canceled(cause));
        else void noAnswer(url, cause, tunnel).then(reject, reject);
      });
      sent.end();
    });
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** The request was on its way: whether the server acts on it is not known here. */
export function canceled(cause: unknown): AppError {
  return new AppError("CANCELED", "Interrupted.", { hint: "What the server was asked for may still happen.", cause });
}

/**
 * Not imported: an import makes all that a module exports, and of node:http that is also WebSocket, and with it HTTP/2, TLS,
 * zip and more, which takes longer than the request.
 */
function sender(url: URL): (options: RequestOptions) => ClientRequest {
  return process.getBuiltinModule(url.protocol === "https:" ? "node:https" : "node:http").request;
}

async function connectionOf({ url, dial, ca }: Pick<Exchange, "url" | "dial" | "ca">): Promise<{
  options: RequestOptions;
  tunnel: Tunnel | undefined;
}> {
  const path = url.pathname + url.search;
  const tunnel = await dial?.();
  if (tunnel !== undefined) return { options: { path, createConnection: () => tunnel.stream }, tunnel };
  // Node resolves *.localhost by DNS, which knows nothing of it.
  const hostname = isLocalName(url.hostname) ? "127.0.0.1" : url.hostname.replace(/^\[|\]$/g, "");
  return { options: { path, hostname, port: url.port, ...(ca === undefined ? {} : { ca }) }, tunnel };
}

async function noAnswer(
  url: URL,
  cause: Error & { readonly code?: string },
  tunnel: Tunnel | undefined,
): Promise<AppError> {
  const failure = await tunnel?.failure();
  if (failure !== undefined) return failure;
  return new AppError("UNREACHABLE", `No answer from ${quote(url.origin)} (${cause.code ?? cause.message}).`, {
    cause,
  });
}
