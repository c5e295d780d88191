/** Clients of an app under load, each of one kind, going until they are stopped. None of them retries: what fails is counted. */
import { Agent, request } from "node:http";
import { openEvents } from "../../test/e2e/events-through-edge.ts";
import type { EdgeTarget } from "../../test/e2e/http-through-edge.ts";
import { openWebSocket } from "../../test/e2e/web-socket-through-edge.ts";

export type Tally = {
  /** Requests, or streams that were held for their whole time. */
  good: number;
  readonly failures: string[];
};

/** What a client loop does once; throws when it failed. */
type Once = (signal: AbortSignal) => Promise<void>;

export type Loop = { readonly tally: Tally; readonly ended: Promise<void> };

/** Repeats until the signal; what is under way then is finished and counted. */
export function repeat(once: Once, signal: AbortSignal): Loop {
  const tally: Tally = { good: 0, failures: [] };
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await once(signal);
        tally.good += 1;
      } catch (error) {
        tally.failures.push(error instanceof Error ? error.message : String(error));
      }
    }
  };
  return { tally, ended: run() };
}

type Ask = {
  readonly method?: string;
  readonly agent?: Agent;
  /** Sent in pieces with `pauseMs` between them. */
  readonly body?: { readonly piece: Uint8Array; readonly pieces: number; readonly pauseMs: number };
};

/** The body of a 200 that came whole. */
export function ask(
  { host, port }: EdgeTarget,
  path: string,
  { method = "GET", agent, body }: Ask = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": body.piece.length * body.pieces };
    const outgoing = request(
      {
        host: "127.0.0.1",
        port,
        path,
        method,
        headers: { host, ...length },
        ...(agent === undefined ? {} : { agent }),
      },
      (response) => {
        let text = "";
        response.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
        response.on("error", (error) => reject(new Error(`${path} broke off: ${error.message}`)));
        response.on("end", () => {
          const wanted = response.headers["content-length"];
          if (response.statusCode !== 200) reject(new Error(`${path} answered ${response.statusCode}`));
          else if (wanted !== undefined && Number(wanted) !== text.length) reject(new Error(`${path} came truncated`));
          else resolve(text);
        });
      },
    );
    outgoing.on("error", (error) => reject(new Error(`${path}: ${error.message}`)));
    if (body === undefined) outgoing.end();
    else void send(outgoing, body);
  });
}

async function send(
  outgoing: ReturnType<typeof request>,
  { piece, pieces, pauseMs }: NonNullable<Ask["body"]>,
): Promise<void> {
  for (let sent = 0; sent < pieces && !outgoing.destroyed; sent += 1) {
    outgoing.write(piece);
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  outgoing.end();
}

/** A keep-alive client: one request at a time on one connection; `took` hears of each in milliseconds. */
export function getting(target: EdgeTarget, took: (ms: number) => void): Once {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return async () => {
    const began = performance.now();
    await ask(target, "/", { agent });
    took(performance.now() - began);
  };
}

/** Posts ids that nobody else posts; `given` hears of each before it is sent. */
export function posting(target: EdgeTarget, prefix: string, given: (id: string) => void): Once {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let next = 0;
  const piece = Buffer.alloc(1000, "x");
  return async () => {
    const id = `${prefix}-${(next += 1)}`;
    given(id);
    const answer = await ask(target, `/ids?id=${id}`, {
      method: "POST",
      agent,
      body: { piece, pieces: 1, pauseMs: 0 },
    });
    if (answer !== id) throw new Error(`/ids answered ${answer} for ${id}`);
  };
}

export function readingSlowly(target: EdgeTarget): Once {
  return async () => void (await ask(target, "/slow"));
}

/** 100 MB in ten seconds, so that it stands across a switch. */
export function uploading(target: EdgeTarget): Once {
  const body = { piece: Buffer.alloc(1_000_000, "x"), pieces: 100, pauseMs: 100 };
  return async () => {
    const answer = await ask(target, "/upload", { method: "POST", body });
    if (answer !== "100000000") throw new Error(`/upload took ${answer} bytes of 100000000`);
  };
}

/** Holds a stream for `seconds`, or until the signal when that is Infinity; one that ends earlier has failed. */
export function listening(target: EdgeTarget, kind: "events" | "socket", seconds: number): Once {
  return async (signal) => {
    const stream = await (kind === "events" ? openEvents(target, "/events") : openWebSocket(target, "/socket"));
    const until = performance.now() + seconds * 1000;
    try {
      while (performance.now() < until && !signal.aborted) await stream.next();
    } catch (error) {
      throw new Error(`a stream (${kind}) was dropped: ${String(error)}`, { cause: error });
    } finally {
      stream.close();
    }
  };
}
