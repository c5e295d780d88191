import { connect } from "node:net";
import { AppError } from "#core/errors.ts";
import { dialOf } from "./dial.ts";

/** Resolves when a connection is taken, which is closed at once. Throws UNREACHABLE or TIMEOUT, and what aborted the signal. */
export function socketProbe(address: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const socket = connect({ ...dialOf(address), signal: AbortSignal.any([signal, limit]) }, () => {
      resolve();
      socket.destroy();
    });
    socket.on("error", (cause) => {
      if (signal.aborted) reject(cause);
      else if (limit.aborted)
        reject(new AppError("TIMEOUT", `No connection was taken within ${timeoutMs / 1000} s.`, { cause }));
      else reject(new AppError("UNREACHABLE", `No connection was taken: ${cause.message}.`, { cause }));
    });
  });
}
