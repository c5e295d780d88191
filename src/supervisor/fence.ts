/**
 * Proof that the edge has run since a moment: a new number is written to a file, and the edge's fence server asked until
 * it answers with it (docs/adr/0001). An edge that is stopped or starved thus cannot pass for one without connections.
 */
import { existsSync } from "node:fs";
import { request } from "node:http";
import type { Layout } from "#core/layout.ts";
import type { Clock } from "#sys/clock.ts";
import { replaceFile } from "./atomic-file.ts";

const againMs = 10;
const answerMs = 2000;

/** Resolves when the edge has passed the fence, rejects with the signal's reason. */
export type Fence = (signal: AbortSignal) => Promise<void>;

/** `edgeRuns` tells whether there is an edge to ask: without one nothing can reach an instance. */
export function openFence(layout: Layout, clock: Clock, edgeRuns: () => boolean): Fence {
  // Numbers of an earlier supervisor must be smaller.
  let last = clock.now() * 1000;
  return async (signal) => {
    last += 1;
    const mark = last;
    // The edge may be another user, in the group of the directory.
    replaceFile(layout.fenceFile, String(mark), { mode: 0o640 });
    while (edgeRuns() && existsSync(layout.fenceSocket)) {
      // No answer (the document is just being changed) is asked for again.
      const answer = await ask(layout.fenceSocket);
      if (answer >= mark) return;
      await clock.sleep(againMs, signal);
    }
    signal.throwIfAborted();
  };
}

function ask(socketPath: string): Promise<number> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: "/", agent: false, timeout: answerMs }, (response) => {
      let body = "";
      response.setEncoding("latin1");
      response.on("data", (chunk: string) => (body = (body + chunk).slice(0, 100)));
      response.on("end", () => resolve(Number(body)));
      response.on("error", () => resolve(Number.NaN));
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(Number.NaN));
    asked.end();
  });
}
