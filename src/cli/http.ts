/** One HTTP exchange, on node:http: fetch cannot dial loopback for *.localhost, nor hear an answer while it still uploads. */
import { type IncomingMessage, type RequestOptions, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import { type Duplex, type Readable, pipeline } from "node:stream";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";

export type Exchange = {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Readable;
  readonly signal: AbortSignal;
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
export async function exchange({ method, url, headers, body, signal }: Exchange): Promise<IncomingMessage> {
  signal.throwIfAborted();
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const options: RequestOptions = {
    method,
    ...addressOf(url),
    headers: { host: url.host, ...headers },
    signal,
  };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  let answered = false;
  let bodyError: unknown;
  const sent = send(options, (response) => {
    answered = true;
    resolve(response);
  });
  sent.on("error", (cause) => {
    // An early refusal closes the line under an upload; the answer is then already here.
    if (answered) return;
    if (signal.aborted) reject(canceled(cause));
    else if (bodyError instanceof AppError) reject(bodyError);
    else reject(new AppError("UNREACHABLE", `No answer from ${quote(url.origin)} (${reason(cause)}).`, { cause }));
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
export async function upgrade({ url, headers, protocol, signal }: Upgrade): Promise<Duplex | IncomingMessage> {
  signal.throwIfAborted();
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const sent = send({
    ...addressOf(url),
    headers: { host: url.host, ...headers, connection: "Upgrade", upgrade: protocol },
  });
  // Only until there is a connection: what an interruption means after that is for its user to say.
  const abort = (): void => void sent.destroy();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      sent.on("upgrade", (_, socket: Socket, head: Buffer) => {
        socket.setNoDelay(true).setKeepAlive(true, keepAlive);
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
      sent.on("response", resolve);
      sent.on("error", (cause) => {
        if (signal.aborted) reject(canceled(cause));
        else reject(new AppError("UNREACHABLE", `No answer from ${quote(url.origin)} (${reason(cause)}).`, { cause }));
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

function addressOf(url: URL): RequestOptions {
  return {
    // Node resolves *.localhost by DNS, which knows nothing of it.
    hostname: isLocalName(url.hostname) ? "127.0.0.1" : url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port,
    path: url.pathname + url.search,
  };
}

function reason(error: Error & { code?: string }): string {
  return error.code ?? error.message;
}
