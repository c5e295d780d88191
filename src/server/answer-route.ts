/** From a use case to the answer of its route: JSON, text, a stream of events, or a connection that is taken over. */
import type { Duplex } from "node:stream";
import type { Route } from "#core/api/route.ts";
import { sessionProtocol } from "#core/session-frames.ts";
import { AppError } from "#core/errors.ts";
import type { HeldRequest } from "./hold-request.ts";
import { tagOf } from "./preconditions.ts";
import { type StreamEvent, sseResponse } from "./sse.ts";
import type { OpenStreams } from "./streams.ts";

export type Answering = {
  readonly user: string;
  readonly held: HeldRequest;
  readonly streams: OpenStreams;
  /** Told of what went well (audit.ts). */
  readonly audit: {
    succeeded(): Promise<void>;
    once<Item>(source: AsyncIterable<Item>): AsyncIterable<Item>;
  };
  /** Aborted when the client has gone. */
  readonly gone: AbortSignal;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal | undefined;
  readonly upgrade: ((stream: Duplex, ended: AbortSignal) => void) | undefined;
  readonly heartbeatMs: number | undefined;
  /** Turns what a stream threw into what the client may see, and logs it. */
  readonly fail: (thrown: unknown) => AppError;
};

const heartbeatStandard = 15_000;

/** `run` calls the use case. What it throws before there is an answer is thrown. */
export async function answerRoute(
  route: Route,
  run: (call: { readonly signal: AbortSignal }) => unknown,
  answering: Answering,
): Promise<Response> {
  const { held, gone } = answering;
  const signal = AbortSignal.any([gone, held.ended]);
  if (route.response === "sse") return await answerStream(route, run, answering);
  // Before anything is begun for nobody.
  if (route.response === "upgrade" && answering.upgrade === undefined) {
    throw new AppError("INVALID_INPUT", `This address asks for an upgrade to ${sessionProtocol}.`);
  }
  const answer = await held.orEnd(run({ signal }) as Promise<unknown>);
  if (route.response === "upgrade") return await takeOver(answer as Duplex, answering);
  await answering.audit.succeeded();
  held.release();
  if (route.response === "text") {
    return new Response(answer as string, {
      headers: { "content-type": route.contentType ?? "text/plain; charset=utf-8" },
    });
  }
  // Parsing drops what the contract does not name, so a row's extra field cannot leave.
  const body: unknown = route.response.parse(answer);
  const tag = tagOf(route, body);
  const headers = tag === undefined ? {} : { etag: tag };
  return Response.json(body, { status: route.statusOf?.(body as never) ?? route.status ?? 200, headers });
}

async function answerStream(
  route: Route,
  run: (call: { readonly signal: AbortSignal }) => unknown,
  { user, held, streams, audit, gone, closing, heartbeatMs = heartbeatStandard, fail }: Answering,
): Promise<Response> {
  const stop = new AbortController();
  const signal = AbortSignal.any([gone, held.ended, stop.signal, ...(closing === undefined ? [] : [closing])]);
  signal.addEventListener("abort", held.release, { once: true });
  const source = () => audit.once(run({ signal }) as AsyncIterable<StreamEvent>);
  return await sseResponse(streams.count(user, signal, source, held.release), {
    events: route.events ?? {},
    heartbeatMs,
    signal,
    stop: () => stop.abort(),
    fail,
  });
}

async function takeOver(stream: Duplex, { held, audit, upgrade }: Answering): Promise<Response> {
  await audit.succeeded().catch((error: unknown) => {
    stream.destroy();
    throw error;
  });
  stream.once("close", held.release);
  upgrade?.(stream, held.ended);
  // For the log; the client is told by who has its connection.
  return new Response(null, { status: 204 });
}
