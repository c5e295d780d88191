import type { AppLimits } from "../app-limits.ts";
import { readLimits } from "../read-limits.ts";
import type { Hop3Toml } from "./schema.ts";

/** Undefined when the app says nothing of its limits. */
export function limitsOfToml({ limits: table = {} }: Hop3Toml): AppLimits | undefined {
  return Object.keys(table).length === 0 ? undefined : readLimits(table).limits;
}
