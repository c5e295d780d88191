// The load: keep-alive GET and POST, 10 s responses, SSE and WebSocket, on the app that is moved and on one
// that is not. Nothing is retried; a failed connection is written down with its error.
// Run: node load.ts PORT REPORT_FILE          it stops at a line on standard input and then writes its report
import { writeFileSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { openStream, type StreamEnd, type StreamKind } from "./streams.ts";

export interface Failure {
  readonly what: string;
  readonly host: string;
  readonly at: number;
  readonly error: string;
}
export interface Report {
  readonly sent: number; // POST ids 0..sent-1
  readonly samples: ReadonlyArray<readonly [start: number, ms: number]>; // short requests of the moved app
  readonly longDone: number;
  readonly failures: readonly Failure[];
  readonly streamEnds: readonly StreamEnd[];
  readonly streamsOpened: number;
  readonly otherShort: number;
}

export const MOVED = "moved.test";
export const OTHER = "other.test";
const THINK_MS = 5;
const BODY_TAIL = "x".repeat(512);

interface Answer {
  readonly status: number;
  readonly body: string;
}

function ask(port: number, host: string, agent: Agent, path: string, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: "127.0.0.1", port, path, agent, method: body === undefined ? "GET" : "POST", headers: { host } },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

const now = (): number => performance.timeOrigin + performance.now();
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

export function runLoad(port: number): { stop(): Promise<Report> } {
  const failures: Failure[] = [];
  const samples: Array<readonly [number, number]> = [];
  const streamEnds: StreamEnd[] = [];
  let running = true;
  let sent = 0;
  let longDone = 0;
  let otherShort = 0;
  let streamsOpened = 0;

  const fail = (what: string, host: string, error: string): void =>
    void failures.push({ what, host, at: now(), error });

  async function once(what: string, host: string, agent: Agent, path: string, body?: string): Promise<void> {
    const start = now();
    try {
      const answer = await ask(port, host, agent, path, body);
      if (answer.status !== 200) fail(what, host, `status ${answer.status}`);
      else if (what === "long" && !answer.body.endsWith("end\n")) fail(what, host, "truncated");
      else if (what === "long") longDone += 1;
      if (what === "long") return;
      if (host === MOVED) samples.push([start, now() - start]);
      else otherShort += 1;
    } catch (error) {
      fail(what, host, error instanceof Error ? error.message : String(error));
    }
  }

  async function worker(what: "get" | "post" | "long", host: string): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (running) {
      if (what === "post") await once(what, host, agent, "/post", `${sent++}\n${BODY_TAIL}`);
      else await once(what, host, agent, what === "long" ? "/long" : "/");
      await pause(THINK_MS);
    }
    agent.destroy();
  }

  async function streamer(kind: StreamKind, host: string): Promise<void> {
    while (running) {
      streamsOpened += 1;
      const end = await openStream(kind, port, host, stopped);
      if (running) streamEnds.push(end);
      await pause(THINK_MS);
    }
  }

  const stopper = Promise.withResolvers<void>();
  const stopped = stopper.promise;
  const workers: Array<Promise<void>> = [];
  const start = (count: number, make: () => Promise<void>): void => {
    for (let i = 0; i < count; i += 1) workers.push(make());
  };
  start(12, () => worker("get", MOVED));
  start(6, () => worker("post", MOVED));
  start(4, () => worker("long", MOVED));
  start(4, () => worker("get", OTHER));
  for (const host of [MOVED, OTHER]) {
    start(4, () => streamer("sse", host));
    start(4, () => streamer("ws", host));
  }

  return {
    async stop(): Promise<Report> {
      running = false;
      stopper.resolve();
      await Promise.all(workers);
      return { sent, samples, longDone, failures, streamEnds, streamsOpened, otherShort };
    },
  };
}

if (import.meta.main) {
  const [port, reportFile] = process.argv.slice(2);
  if (port === undefined || !Number.isInteger(Number(port)) || reportFile === undefined) {
    console.error("usage: node load.ts PORT REPORT_FILE");
    process.exit(2);
  }
  const load = runLoad(Number(port));
  process.stdin.once("data", () => {
    void load.stop().then((report) => {
      writeFileSync(reportFile, JSON.stringify(report));
      process.exit(0);
    });
  });
}
