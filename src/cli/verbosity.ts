/** How much is said: 0 quiet, 1 as usual, 2 and 3 more. Flags win over HOP3_VERBOSITY. */
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";

export type Verbosity = { readonly quiet: boolean; /** 0, 1 (`-v`) or 2 (`-vv`). */ readonly verbose: number };

/** Throws USAGE for an HOP3_VERBOSITY that is none. */
export function verbosityOf(
  flags: { readonly quiet: boolean; readonly verbose: number },
  env: Readonly<Record<string, string | undefined>>,
): Verbosity {
  if (flags.quiet || flags.verbose > 0) return { quiet: flags.quiet, verbose: Math.min(flags.verbose, 2) };
  const level = env["HOP3_VERBOSITY"] || "1";
  if (!/^[0-3]$/.test(level))
    throw new AppError("USAGE", `HOP3_VERBOSITY is ${quote(level)}.`, { hint: "It is 0, 1, 2 or 3." });
  return { quiet: level === "0", verbose: Math.max(0, Number(level) - 1) };
}
