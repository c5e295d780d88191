import type { AppSpec } from "#core/app-spec.ts";
import { AppError } from "#core/errors.ts";
import type { Platform } from "../platform.ts";

/** What only walls can hold is refused where there are none, never built with a network all the same. Throws INVALID_CONFIG. */
export function refuseNetworkless({ mode }: Pick<Platform, "mode">, { build }: Pick<AppSpec, "build">): void {
  if (mode !== "user" || build.network !== false) return;
  throw new AppError(
    "INVALID_CONFIG",
    "[build] network = false needs system mode: nothing else keeps a build from it.",
    {
      hint: "Remove it, or deploy to a server in system mode.",
    },
  );
}
