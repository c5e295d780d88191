/** One HTTP request to an address, to see whether somebody answers. It follows no redirect. */
import { request, type IncomingMessage } from "node:http";
import { AppError } from "#core/errors.ts";
import { dialOf } from "./dial.ts";

export type ProbeTarget = {
  /** As the supervisor and the edge write it: `unix//run/x.sock` or `127.0.0.1:20001`. */
  readonly address: string;
  readonly host: string;
  readonly method: "GET" | "HEAD";
  readonly path: string;
  readonly timeoutMs: number;
};

/** Bytes of a body that are looked at, and milliseconds that they may take after the head. */
const bodyMax = 4096;
const bodyMs = 1000;

export type ProbeAnswer = {
  readonly status: number;
  /** To the head of the answer. */
  readonly ms: number;
  /** The beginning of the body; empty unless it was wanted. */
  readonly body: string;
};

/**
 * Resolves with what was answered; the body is read for a status that `wantsBody`. Throws UNREACHABLE or TIMEOUT, and what
 * aborted the signal.
 */
export function httpProbe(
  target: ProbeTarget,
  signal: AbortSignal,
  wantsBody: (status: number) => boolean = () => false,
): Promise<ProbeAnswer> {
  const dial = dialOf(target.address);
  const started = performance.now();
  const limit = AbortSignal.timeout(target.timeoutMs);
  return new Promise((resolve, reject) => {
    const call = request(
      {
        ...("path" in dial ? { socketPath: dial.path } : dial),
        method: target.method,
        path: target.path,
        headers: { Host: target.host, "User-Agent": "hop3-probe", Connection: "close" },
        signal: AbortSignal.any([signal, limit]),
        agent: false,
      },
      (response) => {
        response.on("error", () => undefined);
        const found = { status: response.statusCode ?? 0, ms: performance.now() - started };
        if (wantsBody(found.status)) return void beginningOf(response).then((body) => resolve({ ...found, body }));
        response.destroy();
        resolve({ ...found, body: "" });
      },
    );
    call.on("error", (cause) => {
      if (limit.aborted)
        reject(
          new AppError(
            "TIMEOUT",
            `${target.method} ${target.path} did not answer within ${target.timeoutMs / 1000} s.`,
            { cause },
          ),
        );
      else
        reject(
          new AppError("UNREACHABLE", `${target.method} ${target.path} could not be asked: ${cause.message}.`, {
            cause,
          }),
        );
    });
    call.end();
  });
}

/** Whatever came of the body until it ended, broke off, was enough or took too long. */
function beginningOf(response: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const timer = setTimeout(() => response.destroy(), bodyMs);
    response.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= bodyMax) response.destroy();
    });
    response.on("close", () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString("utf8", 0, bodyMax));
    });
  });
}
