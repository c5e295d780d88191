/** What the app asks for in `[limits]` and does not get here ends its deploy before anything is built: nothing is lowered or left out unasked. */
import { aboveCeiling, notEnforced, type AppLimits } from "#core/app-limits.ts";
import { AppError, type ErrorCode } from "#core/errors.ts";
import type { Platform } from "../platform.ts";

/** Throws LIMIT_ABOVE_CEILING, LIMIT_NOT_ENFORCED. */
export async function requireLimits(
  { supervisor, stopping }: Pick<Platform, "supervisor" | "stopping">,
  limits: AppLimits | undefined,
): Promise<void> {
  if (limits === undefined) return;
  const { ceiling, unenforced } = await supervisor.call("host", {}, { signal: stopping });
  throwFirst("LIMIT_ABOVE_CEILING", aboveCeiling(limits, ceiling));
  if (limits.bestEffort !== true) throwFirst("LIMIT_NOT_ENFORCED", notEnforced(limits, unenforced));
}

function throwFirst(code: ErrorCode, [first, ...others]: readonly string[]): void {
  if (first === undefined) return;
  throw new AppError(code, first, { details: others });
}
