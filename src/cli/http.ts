/** One HTTP exchange, on node:http: fetch cannot dial loopback for *.localhost, nor hear an answer while it still uploads. */
import { type IncomingMessage, type RequestOptions, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { type Readable, pipeline } from "node:stream";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";

export type Exchange = {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Readable;
  readonly signal: AbortSignal;
};

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
    // Node resolves *.localhost by DNS, which knows nothing of it.
    hostname: isLocalName(url.hostname) ? "127.0.0.1" : url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port,
    path: url.pathname + url.search,
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

/** The request was on its way: whether the server acts on it is not known here. */
export function canceled(cause: unknown): AppError {
  return new AppError("CANCELED", "Interrupted.", { hint: "What the server was asked for may still happen.", cause });
}

function reason(error: Error & { code?: string }): string {
  return error.code ?? error.message;
}
