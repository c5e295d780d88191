/** Names that the supervisor gives to each instance (src/supervisor/prepare.ts); the user's value would be lost. */
import { AppError } from "#core/errors.ts";

const reserved: ReadonlySet<string> = new Set([
  "PORT",
  "HOST",
  "BIND_ADDRESS",
  "HOP3_SOCKET",
  "HOP3_DATA_DIR",
  "HOP3_INSTANCE",
  "PROC_TYPE",
  "APP",
]);

/** Throws INVALID_INPUT. */
export function refuseReserved(name: string): void {
  if (reserved.has(name)) throw new AppError("INVALID_INPUT", `${name} is given by Hop3 and cannot be set.`);
}
