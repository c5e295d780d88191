/**
 * Where the provider sends the browser back to: a server on this machine's loopback, for one answer. Anybody on this
 * machine, and any page in its browsers, may ask it: it believes only an answer that carries the state of its own login,
 * says nothing of what it was told, and what it shows is fixed.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { AppError, isNodeError } from "#core/errors.ts";

export type Callback = {
  /** The redirect URI. */
  readonly redirect: string;
  /** What the browser came back with, when it carries this state. Its page waits for `show`. */
  wait(state: string, signal: AbortSignal): Promise<string>;
  /** Tells the person in the browser how it ended; resolves when that is out, or the browser is gone. */
  show(outcome: "done" | "failed"): Promise<void>;
  /** No connection is left after it. */
  close(): void;
};

const path = "/callback";
const queryMax = 8192;

const pages = {
  done: [200, "You are logged in.", "Close this window and go back to your terminal."],
  failed: [200, "You are not logged in.", "Your terminal says why. You can close this window."],
  ended: [410, "This login has ended.", "Close this window and go back to your terminal."],
  unknown: [404, "There is nothing here.", "Close this window and go back to your terminal."],
} as const satisfies Record<string, readonly [status: number, title: string, words: string]>;

/** `port` 0 is any that is free. Throws UNAVAILABLE when it cannot be had. */
export async function openCallback(port: number): Promise<Callback> {
  const { promise: came, resolve: come } = Promise.withResolvers<string>();
  let expected: string | undefined;
  let waiting: ServerResponse | undefined;
  let host = "";

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const url = request.url ?? "";
    const query = url.startsWith(`${path}?`) ? url.slice(path.length) : undefined;
    // By another name a page of the network would be asking (DNS rebinding).
    const isOurs = request.method === "GET" && request.headers.host === host;
    if (!isOurs || query === undefined || query.length > queryMax) return page(response, "unknown");
    const states = new URLSearchParams(query).getAll("state");
    if (expected === undefined || states.length !== 1 || states[0] !== expected) return page(response, "unknown");
    if (waiting !== undefined) return page(response, "ended");
    waiting = response;
    come(query);
  };
  const server = createServer(
    { headersTimeout: 5000, requestTimeout: 10_000, connectionsCheckingInterval: 1000, maxHeaderSize: 16_384 },
    answer,
  );
  server.maxConnections = 50;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      const why = isNodeError(cause) && cause.code === "EADDRINUSE" ? `Port ${port} is taken.` : "No port can be had.";
      reject(new AppError("UNAVAILABLE", `The browser's answer cannot be waited for. ${why}`, { cause }));
    });
    server.listen(port, "127.0.0.1", resolve);
  });
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    redirect: `http://${host}${path}`,
    async wait(state, signal) {
      expected = state;
      const { promise: stopped, reject } = Promise.withResolvers<never>();
      const stop = () => reject(signal.reason as Error);
      signal.addEventListener("abort", stop, { once: true });
      try {
        signal.throwIfAborted();
        return await Promise.race([came, stopped]);
      } finally {
        signal.removeEventListener("abort", stop);
      }
    },
    show: (outcome) =>
      new Promise((resolve) => {
        if (waiting === undefined || waiting.destroyed) return resolve();
        waiting.once("close", resolve);
        page(waiting, outcome);
      }),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function page(response: ServerResponse, outcome: keyof typeof pages): void {
  const [status, title, words] = pages[outcome];
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Hop3</title><h1>${title}</h1><p>${words}</p></html>\n`;
  response
    .writeHead(status, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
      connection: "close",
    })
    .end(html);
}
