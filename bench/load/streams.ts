/** Clients of the app in bench/apps/loaded that listen: to server-sent events or on a WebSocket, numbered from 0 on. */
import { openEvents } from "../../test/e2e/events-through-edge.ts";
import type { EdgeTarget } from "../../test/e2e/http-through-edge.ts";
import { openWebSocket } from "../../test/e2e/web-socket-through-edge.ts";
import type { Once } from "./loop.ts";

export type StreamKind = "events" | "socket";

type Stream = {
  next(): Promise<string>;
  /** Undefined when it was ended as the app ends one, else how it broke. */
  ending(why: unknown): Promise<string | undefined>;
  close(): void;
};

/** Holds a stream for `seconds`, or until the signal when that is Infinity; one that ends earlier has failed. */
export function listening(target: EdgeTarget, kind: StreamKind, seconds: number): Once {
  return async (signal) => {
    const until = performance.now() + seconds * 1000;
    const end = await listen(target, kind, signal, until);
    if (end !== undefined) throw new Error(`a stream (${kind}) was dropped: ${end.how ?? "the app ended it"}`);
  };
}

/**
 * Holds a stream until it is ended, which may be when its instance has left for `grace` seconds and then with a goodbye;
 * `left` tells when (by `performance.now`) the first change after a moment began.
 */
export function holding(
  target: EdgeTarget,
  kind: StreamKind,
  grace: number,
  left: (after: number) => number | undefined,
): Once {
  return async (signal) => {
    const opened = performance.now();
    const end = await listen(target, kind, signal, Infinity);
    if (end === undefined) return undefined;
    const since = left(opened);
    const had =
      since === undefined ? "no change" : `${((performance.now() - since) / 1000).toFixed(1)} s after a change`;
    if (since === undefined || performance.now() - since < grace * 1000)
      throw new Error(`a stream (${kind}) was dropped early, ${had}: ${end.how ?? "the app ended it"}`);
    if (end.how !== undefined) throw new Error(`a stream (${kind}) was not ended in form, ${had}: ${end.how}`);
    return "streams ended after the grace";
  };
}

/** Undefined when it was held as long as it should be. */
async function listen(
  target: EdgeTarget,
  kind: StreamKind,
  signal: AbortSignal,
  until: number,
): Promise<{ readonly how: string | undefined } | undefined> {
  const stream = await (kind === "events" ? events(target) : socket(target));
  try {
    for (let number = 0; performance.now() < until && !signal.aborted; number += 1) {
      let said: string;
      try {
        said = await stream.next();
      } catch (error) {
        return { how: await stream.ending(error) };
      }
      if (said !== String(number)) return { how: `it said ${said.slice(0, 20)} for ${number}` };
    }
    return undefined;
  } finally {
    stream.close();
  }
}

async function events(target: EdgeTarget): Promise<Stream> {
  const reader = await openEvents(target, "/events");
  const ended = "The event stream has ended.";
  return {
    next: async () => (await reader.next()).data,
    ending: async (why) => (why instanceof Error && why.message === ended ? undefined : String(why)),
    close: () => reader.close(),
  };
}

async function socket(target: EdgeTarget): Promise<Stream> {
  const one = await openWebSocket(target, "/socket");
  return {
    next: () => one.next(),
    ending: async () => {
      const { code } = await one.closed();
      return code === 1001 ? undefined : `closed with ${code}`;
    },
    close: () => one.close(),
  };
}
