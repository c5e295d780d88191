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
  return ended.timedOut ? `took longer than ${timeout} s` : `ended with exit status ${ended.exit ?? "unknown"}`;
}
