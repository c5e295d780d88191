/**
 * The API as typed calls. Only types come from the contract. The token goes over TLS or to this machine, never in clear
 * over a network.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex, Readable } from "node:stream";
import type { Problem } from "#core/api/errors.ts";
import { apiPrefix, tarType } from "#core/api/prefix.ts";
import type { EventOf, RequestOf, ResponseOf } from "#core/api/route.ts";
import type { RouteName, Routes } from "#core/api/routes.ts";
import type { Fault } from "#core/api/shared.ts";
import { AppError, type ErrorCode, errorTable } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { addresses } from "./addresses.ts";
import { readEvents } from "./event-reader.ts";
import { canceled, exchange, isLoopback, upgrade } from "./http.ts";
import { destinationUrl, parseDestination } from "./ssh/destination.ts";
import type { Dial } from "./ssh/tunnel.ts";

export type Server = { readonly name: string; readonly url: string; readonly token: string | undefined };

/** How the server is reached, where its URL alone does not say that. */
export type Reach = { /** For an `ssh://` address. */ readonly dial?: Dial; /** PEM. */ readonly ca?: string };

type Streamed<Name extends RouteName> = Routes[Name]["response"] extends "sse" ? Name : never;
type Upgraded<Name extends RouteName> = Routes[Name]["response"] extends "upgrade" ? Name : never;
type Answered<Name extends RouteName> = Routes[Name]["response"] extends "sse" | "upgrade" | "text" ? never : Name;

export type Client = {
  readonly server: Server;
  call<Name extends RouteName>(
    name: Answered<Name>,
    request: RequestOf<Routes[Name], Readable>,
  ): Promise<ResponseOf<Routes[Name]>>;
  stream<Name extends RouteName>(
    name: Streamed<Name>,
    request: RequestOf<Routes[Name], Readable>,
  ): AsyncIterable<EventOf<Routes[Name]>>;
  /** The connection, which from there on speaks `protocol`. */
  upgrade<Name extends RouteName>(
    name: Upgraded<Name>,
    request: RequestOf<Routes[Name], Readable>,
    protocol: string,
  ): Promise<Duplex>;
};

type LooseRequest = {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
};

/** Largest JSON answer that is taken, in bytes: 10 000 log lines fit. */
const answerMax = 64 * 1024 * 1024;

/** Milliseconds after which a request that got no answer is sent again: the server is back within them when it was killed. */
const againAfter = [500, 2000];

/** Throws USAGE for an address that is no http(s) URL, or would carry the token in clear over a network. */
export function createClient(server: Server, signal: AbortSignal, version: string, reach: Reach = {}): Client {
  const given = server.token === undefined ? parseServerUrl(server.url) : requireSafeUrl(server.url, "token");
  // At the other end of the tunnel it is that host's own loopback.
  const base = reach.dial === undefined ? given : new URL("http://127.0.0.1");
  const address = (name: RouteName, request: LooseRequest) => {
    const [method, path] = addresses[name];
    const url = new URL(base.pathname.replace(/\/$/, "") + apiPrefix + fill(path, request.params ?? {}), base);
    for (const [key, value] of Object.entries(request.query ?? {}))
      if (value !== undefined) url.searchParams.set(key, value);
    const headers: Record<string, string> = { accept: "application/json", "user-agent": `hop3/${version}` };
    for (const [key, value] of Object.entries(request.headers ?? {})) if (value !== undefined) headers[key] = value;
    if (server.token !== undefined) headers["authorization"] = `Bearer ${server.token}`;
    return { method, url, headers };
  };
  const open = async (name: RouteName, request: LooseRequest): Promise<IncomingMessage> => {
    const { method, url, headers } = address(name, request);
    const body = encodeBody(request.body, headers);
    const response = await exchange({
      method,
      url,
      headers,
      signal,
      ...reach,
      ...(body === undefined ? {} : { body }),
    });
    if (response.statusCode !== undefined && response.statusCode < 300) return response;
    throw await problemOf(response, url);
  };

  const ask = async (name: RouteName, request: LooseRequest): Promise<string> => {
    const response = await open(name, request);
    return await readText(response).catch((cause: unknown) => {
      throw signal.aborted ? canceled(cause) : new AppError("UNREACHABLE", "The answer broke off.", { cause });
    });
  };
  /** With a key the server does a request once, however often it comes: one that got no answer is sent again. */
  const textOf = async (name: RouteName, request: LooseRequest): Promise<string> => {
    const hasKey = addresses[name][0] === "POST" && server.token !== undefined;
    if (!hasKey) return await ask(name, request);
    const keyed = { ...request, headers: { ...request.headers, "idempotency-key": crypto.randomUUID() } };
    const pauses = isStream(request.body) ? [] : againAfter;
    for (const [tries, pause] of pauses.entries()) {
      try {
        return await ask(name, keyed);
      } catch (error) {
        const isLost = error instanceof AppError && error.code === "UNREACHABLE" && isBroken(error.cause, tries > 0);
        if (!isLost || signal.aborted) throw error;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
    return await ask(name, keyed);
  };

  return {
    server,
    async call(name, request) {
      const text = await textOf(name, request);
      try {
        return JSON.parse(text) as never;
      } catch (cause) {
        throw new AppError("UNREACHABLE", `What answers at ${quote(server.url)} is not a Hop3 server.`, { cause });
      }
    },
    async upgrade(name, request, protocol) {
      const { url, headers } = address(name, request);
      const found = await upgrade({ url, headers, protocol, signal, ...reach });
      if (isAnswer(found)) throw await problemOf(found, url);
      return found;
    },
    async *stream(name, request) {
      const response = await open(name, request);
      try {
        for await (const event of readEvents(response)) {
          if (event.event === "error") throw faultToError(event.data as Fault);
          yield event as never;
        }
      } catch (cause) {
        if (cause instanceof AppError) throw cause;
        if (signal.aborted) throw new AppError("CANCELED", "Interrupted.", { hint: "", cause });
        throw new AppError("UNREACHABLE", "The stream broke off.", { cause });
      } finally {
        response.destroy();
      }
    },
  };
}

/** Throws USAGE where `secret` would go over a network in clear. */
export function requireSafeUrl(text: string, secret: "token" | "password"): URL {
  const url = parseServerUrl(text);
  if (/^(https|ssh):$/.test(url.protocol) || isLoopback(url.hostname)) return url;
  throw new AppError("USAGE", `${quote(text)} would carry your ${secret} in clear over the network.`, {
    hint: "Use an https:// address, or a tunnel to the server's own 127.0.0.1.",
  });
}

/** Throws USAGE for what is not an http(s) URL with nothing but a host, port and path, nor an ssh:// address. */
export function parseServerUrl(text: string): URL {
  if (text.startsWith("ssh://")) return new URL(destinationUrl(parseDestination(text)));
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.search !== "" || url.hash !== "") {
    throw new AppError("USAGE", `${quote(text)} is not the address of a server.`, {
      hint: "Write it as http://127.0.0.1:8009, https://hop3.example.com or ssh://user@hop3.example.com.",
    });
  }
  return url;
}

/** An error as the server sent it; a code that this version does not know keeps its words. */
export function faultToError({ code, message, hint, details }: Fault): AppError {
  const known = Object.hasOwn(errorTable, code) ? (code as ErrorCode) : "UNAVAILABLE";
  return new AppError(known, message, { hint, details });
}

function isAnswer(found: Duplex | IncomingMessage): found is IncomingMessage {
  return "statusCode" in found;
}

function encodeBody(body: unknown, headers: Record<string, string>): string | Readable | undefined {
  if (body === undefined) return undefined;
  if (isStream(body)) {
    headers["content-type"] = tarType;
    return body;
  }
  const text = JSON.stringify(body);
  headers["content-type"] = "application/json";
  headers["content-length"] = String(Buffer.byteLength(text));
  return text;
}

function isStream(body: unknown): body is Readable {
  return typeof body === "object" && body !== null && "pipe" in body;
}

/** It was on its way; or, when it was before, the server is just being started. */
function isBroken(cause: unknown, wasBefore: boolean): boolean {
  const { code } = (cause ?? {}) as { code?: unknown };
  return code === "ECONNRESET" || code === "EPIPE" || (wasBefore && code === "ECONNREFUSED");
}

function fill(path: string, params: Readonly<Record<string, string>>): string {
  return path.replace(/:([a-z]+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > answerMax) throw new Error("the answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function problemOf(response: IncomingMessage, url: URL): Promise<AppError> {
  const text = await readText(response).catch(() => "");
  try {
    const problem = JSON.parse(text) as Problem;
    if (typeof problem.code !== "string" || typeof problem.title !== "string") throw new Error("no problem document");
    return faultToError({ ...problem, message: problem.title });
  } catch (cause) {
    return new AppError(
      "UNREACHABLE",
      `${quote(url.origin)} answered ${response.statusCode}, and not as a Hop3 server does.`,
      {
        cause,
      },
    );
  }
}
