import { AppError } from "#core/errors.ts";
import { isReservedEnv } from "#core/reserved-env.ts";

/** Throws INVALID_INPUT. */
export function refuseReserved(name: string): void {
  if (isReservedEnv(name)) throw new AppError("INVALID_INPUT", `${name} is given by Hop3 and cannot be set.`);
}
