/** One request and its whole answer. */
import { type Agent, request } from "node:http";
import type { EdgeTarget } from "../../test/e2e/http-through-edge.ts";
import { BrokenBody } from "./loop.ts";

type Ask = {
  readonly method?: string;
  readonly agent?: Agent;
  /** Sent in pieces with `pauseMs` between them. */
  readonly body?: { readonly pieces: readonly Uint8Array[]; readonly pauseMs: number };
};

export type Answer = {
  readonly body: string;
  /** Which instance of the app it is from. */
  readonly instance: string;
};

/** The answer, a 200 that came whole; rejects with what came instead, a BrokenBody when the head had come. */
export function ask({ host, port }: EdgeTarget, path: string, options: Ask = {}): Promise<Answer> {
  const { method = "GET", agent, body } = options;
  const length = body?.pieces.reduce((total, piece) => total + piece.length, 0);
  const headers = { host, ...(length === undefined ? {} : { "content-length": length }) };
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port, path, method, headers, agent: agent ?? false }, (response) => {
      let text = "";
      response.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
      response.on("error", (error) => reject(new BrokenBody(`${path} broke off: ${error.message}`)));
      response.on("end", () => {
        const wanted = response.headers["content-length"];
        if (response.statusCode !== 200)
          reject(new Error(`${path} answered ${response.statusCode} ${text.slice(0, 80)}`));
        else if (wanted !== undefined && Number(wanted) !== text.length)
          reject(new BrokenBody(`${path} came truncated`));
        else resolve({ body: text, instance: String(response.headers["x-instance"]) });
      });
    });
    outgoing.on("error", (error) => reject(new Error(`${path}: ${error.message}`)));
    if (body === undefined) outgoing.end();
    else void send(outgoing, body);
  });
}

async function send(
  outgoing: ReturnType<typeof request>,
  { pieces, pauseMs }: NonNullable<Ask["body"]>,
): Promise<void> {
  for (const piece of pieces) {
    if (outgoing.destroyed) return;
    outgoing.write(piece);
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  outgoing.end();
}
