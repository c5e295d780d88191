/** Puts the API on a TCP address and takes it off again: first no new requests, then the streams end, then the rest is cut. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { AppError, isNodeError } from "#core/errors.ts";
import { serveUpgrades } from "./upgrade.ts";
import { createServer, type ServerOptions } from "./server.ts";

export type Serving = {
  /** The port that was bound, which differs from the one asked for when that was 0. */
  readonly port: number;
  /** Resolves when no connection is left; those that take longer than `graceMs` are cut. */
  close(graceMs: number): Promise<void>;
};

export type ServeOptions = Omit<ServerOptions, "closing"> & { readonly host: string; readonly port: number };

/** A slow line may take this long to upload an archive. */
const requestTimeoutMs = 60 * 60 * 1000;

/** Connections at a time, with a token or without: more would take the files that the store and the logs need. */
const connectionsMax = 512;

/** Milliseconds for the head of a request, from the moment of the connection; looked at this often. */
const headersTimeoutMs = 10_000;
const lookEveryMs = 2_000;

/** Rejects with CONFLICT when the port is taken. */
export async function serve({ host, port, ...options }: ServeOptions): Promise<Serving> {
  const closing = new AbortController();
  const app = createServer({ ...options, closing: closing.signal });
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    serverOptions: {
      requestTimeout: requestTimeoutMs,
      headersTimeout: headersTimeoutMs,
      connectionsCheckingInterval: lookEveryMs,
    },
  }) as Server;
  server.maxConnections = connectionsMax;
  serveUpgrades(server, (request, bindings) => app.fetch(request, bindings), closing.signal);

  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      const taken = isNodeError(error) && error.code === "EADDRINUSE";
      reject(taken ? new AppError("CONFLICT", `Port ${port} of ${host} is taken.`, { cause: error }) : error);
    });
    server.listen(port, host, resolve);
  });

  return {
    port: (server.address() as AddressInfo).port,
    close: (graceMs) =>
      new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), graceMs);
        // A connection whose last answer is out is kept alive by HTTP; nobody will use it again.
        const sweep = setInterval(() => server.closeIdleConnections(), 50);
        server.close(() => {
          clearTimeout(cut);
          clearInterval(sweep);
          resolve();
        });
        closing.abort();
      }),
  };
}
