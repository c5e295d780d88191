/** How a command that the supervisor ran for us has ended, in words. */
import { AppError } from "#core/errors.ts";
import type { JobResult } from "#supervisor/protocol.ts";

/** Undefined when it succeeded. Throws CANCELED, or UNAVAILABLE when the supervisor died with it. */
export function jobFailure(ended: JobResult, what: string, timeout: number): string | undefined {
  if (ended.exit === 0) return undefined;
  if (ended.canceled) throw new AppError("CANCELED", `The deploy was canceled in ${what}.`);
  if (ended.lost) {
    throw new AppError("UNAVAILABLE", `The supervisor was restarted during ${what}.`, { hint: "Deploy again." });
  }
  if (ended.timedOut) return `took longer than ${timeout} s`;
  // 128 + SIGKILL, which nobody here has sent.
  const why = ended.exit === 137 ? ": it was killed, as the kernel does when the server's memory ends" : "";
  return `ended with exit status ${ended.exit ?? "unknown"}${why}`;
}
