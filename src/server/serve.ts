/**
 * Puts the API on its addresses and takes it off again: first no new requests, then the streams end, then the rest is cut.
 * One address is TCP, on loopback; where there is an admin domain, a unix socket is another, at which only the edge asks.
 */
import { chmodSync, rmSync } from "node:fs";
import { createServer as createHttpServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { AppError, isNodeError } from "#core/errors.ts";
import type { Listener } from "./client-address.ts";
import { answerBadHttp, problemOf } from "./bad-http.ts";
import { asksForSession, serveUpgrades } from "./upgrade.ts";
import type { Bindings } from "./request-env.ts";
import { createServer, type ServerOptions } from "./server.ts";

export type Serving = {
  /** The port that was bound, which differs from the one asked for when that was 0. */
  readonly port: number;
  /** Resolves when no connection is left; those that take longer than `graceMs` are cut. */
  close(graceMs: number): Promise<void>;
};

export type ServeOptions = Omit<ServerOptions, "closing"> & {
  readonly host: string;
  readonly port: number;
  /** Path of the socket for the edge; its group may connect. */
  readonly edgeSocket?: string | undefined;
};

/** A slow line may take this long to upload an archive. */
const requestTimeoutMs = 60 * 60 * 1000;

/** Connections at a time, with a token or without: more would take the files that the store and the logs need. */
const connectionsMax = 512;

/** Milliseconds for the head of a request, from the moment of the connection; looked at this often. */
const headersTimeoutMs = 10_000;
const lookEveryMs = 2_000;

/** Rejects with CONFLICT when the port is taken. */
export async function serve({ host, port, edgeSocket, ...options }: ServeOptions): Promise<Serving> {
  const { log } = options;
  const closing = new AbortController();
  const app = createServer({ ...options, closing: closing.signal });
  const make = (listener: Listener): Server => {
    const fetch = (request: Request, bindings: Bindings) => app.fetch(request, { ...bindings, listener });
    // What is left for its error handler is what cannot even be made a request of: an address that is none.
    const errorHandler = (error: unknown) => problemOf(error, log);
    const answer = getRequestListener(fetch, { overrideGlobalObjects: false, errorHandler });
    const server = createHttpServer(
      {
        requestTimeout: requestTimeoutMs,
        headersTimeout: headersTimeoutMs,
        connectionsCheckingInterval: lookEveryMs,
        // It is asked for by us, who say what is missing.
        requireHostHeader: false,
        shouldUpgradeCallback: asksForSession,
      },
      (incoming, outgoing) => void answer(incoming, outgoing),
    );
    server.maxConnections = connectionsMax;
    answerBadHttp(server);
    serveUpgrades(server, fetch, closing.signal);
    return server;
  };
  const tcp = make("tcp");
  await listen(tcp, { host, port });
  const servers = [tcp];
  if (edgeSocket !== undefined) {
    const edge = make("edge");
    // One that a predecessor left: there is one hop3d at a time.
    rmSync(edgeSocket, { force: true });
    await listen(edge, { path: edgeSocket });
    chmodSync(edgeSocket, 0o660);
    servers.push(edge);
  }
  return {
    port: (tcp.address() as AddressInfo).port,
    close: async (graceMs) => {
      const closed = servers.map((server) => close(server, graceMs));
      closing.abort();
      await Promise.all(closed);
    },
  };
}

function listen(server: Server, at: { host: string; port: number } | { path: string }): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      const taken = isNodeError(error) && error.code === "EADDRINUSE" && "port" in at;
      reject(taken ? new AppError("CONFLICT", `Port ${at.port} of ${at.host} is taken.`, { cause: error }) : error);
    });
    server.listen(at, resolve);
  });
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    // A connection whose last answer is out is kept alive by HTTP; nobody will use it again.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearTimeout(cut);
      clearInterval(sweep);
      resolve();
    });
  });
}
