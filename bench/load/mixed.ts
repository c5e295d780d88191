/** The mixed load of one app, and of one that nothing is done to. */
import type { EdgeTarget } from "../../test/e2e/http-through-edge.ts";
import { measureLatency, type Latencies } from "./latency.ts";
import { repeat, sum, type Loop, type Tally } from "./loop.ts";
import { getting, posting, readingSlowly, uploading } from "./requests.ts";
import { holding, listening, type StreamKind } from "./streams.ts";
import { watchTurns } from "./turns.ts";

/** 200 short requests and 50 posts a second, each client on a connection that it keeps. */
const getters = 8;
const everyMs = 40;
const posters = 2;

/** Streams of the loaded app that end by themselves within any grace. */
const shortSeconds = 5;

const kinds: readonly StreamKind[] = ["events", "socket"];

export type MixedLoad = {
  readonly latencies: Latencies;
  /** The ids that were posted, each once. */
  readonly ids: readonly string[];
  /** From now on streams are held until the app ends them, too. Returns what ends that. */
  holdStreams(graceSeconds: number): () => Promise<void>;
  /** Waits for what is under way. */
  stop(): Promise<Tally>;
};

export function startMixedLoad(target: EdgeTarget): MixedLoad {
  const stopping = new AbortController();
  const { signal } = stopping;
  const latencies = measureLatency();
  const turns = watchTurns();
  const ids: string[] = [];
  const loops: Loop[] = [
    ...Array.from({ length: getters }, () => repeat(getting(target, turns, latencies.took), signal, everyMs)),
    ...Array.from({ length: posters }, (_, client) =>
      repeat(
        posting(target, `c${client}`, (id) => ids.push(id)),
        signal,
        everyMs,
      ),
    ),
    ...[true, false].map((chunked) => repeat(readingSlowly(target, turns, chunked), signal)),
    repeat(uploading(target, turns), signal),
    ...kinds.map((kind) => repeat(listening(target, kind, shortSeconds), signal)),
  ];
  return {
    latencies,
    ids,
    holdStreams(grace) {
      const ending = new AbortController();
      const either = AbortSignal.any([signal, ending.signal]);
      const held = kinds.map((kind) => repeat(holding(target, kind, grace, latencies.firstAfter), either));
      loops.push(...held);
      return async () => {
        ending.abort();
        await Promise.all(held.map(({ ended }) => ended));
      };
    },
    async stop() {
      stopping.abort();
      await Promise.all(loops.map(({ ended }) => ended));
      return sum(loops.map(({ tally }) => tally));
    },
  };
}

export type Bystanders = { stop(): Promise<Tally> };

/** Streams of an app that nothing is done to, held all along; each that ends is one that was dropped. */
export function startBystanders(target: EdgeTarget): Bystanders {
  const stopping = new AbortController();
  const loops = kinds.map((kind) => repeat(listening(target, kind, Infinity), stopping.signal));
  return {
    async stop() {
      stopping.abort();
      await Promise.all(loops.map(({ ended }) => ended));
      return sum(loops.map(({ tally }) => tally));
    },
  };
}
