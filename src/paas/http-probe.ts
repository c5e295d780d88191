/** One HTTP request to an address, to see whether somebody answers. It follows no redirect and reads no body. */
import { request, type RequestOptions } from "node:http";
import { AppError } from "#core/errors.ts";

export type ProbeTarget = {
  /** As the supervisor and the edge write it: `unix//run/x.sock` or `127.0.0.1:20001`. */
  readonly address: string;
  readonly host: string;
  readonly path: string;
  readonly timeoutMs: number;
};

/** Resolves with the status and the milliseconds to the head of the answer. Throws UNREACHABLE or TIMEOUT. */
export function httpProbe(target: ProbeTarget, signal: AbortSignal): Promise<{ status: number; ms: number }> {
  const started = performance.now();
  const limit = AbortSignal.timeout(target.timeoutMs);
  return new Promise((resolve, reject) => {
    const call = request(
      {
        ...dial(target.address),
        path: target.path,
        headers: { Host: target.host, "User-Agent": "hop3-probe", Connection: "close" },
        signal: AbortSignal.any([signal, limit]),
        agent: false,
      },
      (response) => {
        response.on("error", () => undefined);
        response.destroy();
        resolve({ status: response.statusCode ?? 0, ms: performance.now() - started });
      },
    );
    call.on("error", (cause) => {
      if (limit.aborted)
        reject(
          new AppError("TIMEOUT", `${target.path} did not answer within ${target.timeoutMs / 1000} s.`, { cause }),
        );
      else reject(new AppError("UNREACHABLE", `${target.path} could not be asked: ${cause.message}.`, { cause }));
    });
    call.end();
  });
}

function dial(address: string): RequestOptions {
  if (address.startsWith("unix/")) return { socketPath: address.slice("unix/".length) };
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}
