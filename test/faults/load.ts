/**
 * Clients that ask without pause and without a second try, and what they saw. One that goes through the edge keeps its
 * connection; one that goes past it reads where the edge would dial, and dials that.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Agent, request, type RequestOptions } from "node:http";
import { join } from "node:path";
import { eventually } from "../e2e/apps.ts";
import type { RunningPlatform } from "../e2e/platform.ts";

/** Milliseconds between the answer to one request and the next. */
const pause = 5;

/** Milliseconds that one request may take. */
const patience = 10_000;

/** What a client was told from a request on, which began at `from`, until another answer. */
export type Said = { readonly from: number; readonly version: string };

export type Failure = { readonly from: number; readonly to: number; readonly what: string };

export type Client = {
  readonly name: string;
  /** Resolves when it had a good answer to a request that it made after this call. */
  answered(): Promise<void>;
  /** Ends it; what it was told, each version once in a row, and the requests that failed. */
  stop(): Promise<{ readonly asked: number; readonly said: readonly Said[]; readonly failures: readonly Failure[] }>;
};

export function throughEdge(platform: RunningPlatform, app: string, name: string): Client {
  const { port, host } = platform.edge(app);
  return client(name, () => ({ host: "127.0.0.1", port, headers: { host } }));
}

export function pastEdge(platform: RunningPlatform, app: string, name: string): Client {
  const slot = join(platform.layout.slots(app), "00");
  return client(name, () => {
    const address = readFileSync(slot, "utf8").trim();
    const [, port] = /^127\.0\.0\.1:(\d+)$/.exec(address) ?? [];
    return port === undefined ? { socketPath: address.replace(/^unix\//, "") } : { host: "127.0.0.1", port };
  });
}

function client(name: string, target: () => RequestOptions): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const said: Said[] = [];
  const failures: Failure[] = [];
  let asked = 0;
  let lastGood = 0;
  let going = true;
  const asking = (async () => {
    while (going) {
      const from = performance.now();
      const { ok, what } = await ask({ ...target(), agent });
      asked += 1;
      if (!ok) failures.push({ from, to: performance.now(), what });
      else {
        lastGood = from;
        if (said.at(-1)?.version !== what) said.push({ from, version: what });
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    agent.destroy();
  })();
  return {
    name,
    async answered() {
      const since = performance.now();
      await eventually(`${name} has an answer`, () => lastGood > since);
    },
    async stop() {
      going = false;
      await asking;
      assert.ok(asked > 0, `${name} asked nothing`);
      return { asked, said, failures };
    },
  };
}

function ask(options: RequestOptions): Promise<{ ok: boolean; what: string }> {
  return new Promise((resolve) => {
    const failed = (error: Error) => resolve({ ok: false, what: error.message });
    const signal = AbortSignal.timeout(patience);
    request({ ...options, path: "/", signal }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("error", failed);
      response.on("end", () => {
        const ok = response.statusCode === 200;
        resolve({ ok, what: ok ? text : `${response.statusCode} ${text.slice(0, 80)}` });
      });
    })
      .on("error", failed)
      .end();
  });
}
