/**
 * Requests as a browser would make them of an app behind the edge. `*.localhost` resolves in browsers and curl but not in
 * Node, so all of this dials 127.0.0.1 and names the app in the Host header. Everything has a deadline: a test that waits
 * for an answer ends with a sentence, not with the runner's own time-out.
 */
import { request, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";

/** Where to dial, and as which host: `{port: 8080, host: "guestbook.localhost"}`. */
export type EdgeTarget = { readonly port: number; readonly host: string };

export type EdgeRequest = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For the whole exchange, its body included. */
  readonly timeoutMs?: number;
};

export type EdgeAnswer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string };

export const standardTimeoutMs = 10_000;

/** Bytes of an answer beyond which it is cut off. */
const bodyMax = 16 * 1024 * 1024;

/** One request on a connection of its own; redirects are not followed. Any status is an answer. */
export async function fetchThroughEdge(
  target: EdgeTarget,
  path: string,
  options: EdgeRequest = {},
): Promise<EdgeAnswer> {
  const { method = "GET", body, timeoutMs = standardTimeoutMs } = options;
  const signal = AbortSignal.timeout(timeoutMs);
  const outgoing = dialEdge(target, path, { method, headers: options.headers ?? {}, signal });
  outgoing.end(body);
  try {
    const response = await answerOf(outgoing);
    return { status: response.statusCode ?? 0, headers: response.headers, body: await bodyOf(response) };
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Error(`${method} ${target.host}${path} was not answered within ${timeoutMs} ms.`, { cause: error });
  } finally {
    outgoing.destroy();
  }
}

/** A request that was opened and not yet sent; the caller ends it. */
export function dialEdge(
  { port, host }: EdgeTarget,
  path: string,
  options: { method: string; headers: Readonly<Record<string, string>>; signal: AbortSignal },
): ClientRequest {
  const headers = { ...options.headers, host: port === 80 ? host : `${host}:${port}` };
  return request({
    host: "127.0.0.1",
    port,
    path,
    method: options.method,
    headers,
    signal: options.signal,
    agent: false,
  });
}

/** The head of the answer. */
export function answerOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once("response", resolve);
    outgoing.on("error", reject);
  });
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > bodyMax) throw new Error(`The answer is longer than ${bodyMax} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
