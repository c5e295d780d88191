/**
 * The settings of a server in system mode, from its file: `NAME=value` lines, as systemd and shells read them, without
 * anything being expanded. What the environment itself says comes before, for who tries something in the foreground.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { AppError, isNodeError } from "#core/errors.ts";
import { quote } from "#core/names.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** In user mode nothing is read. Throws INVALID_CONFIG for a line that is none, or a file that others than root may write. */
export function withServerFile(env: Environment): Environment {
  if (env["HOP3_MODE"] !== "system") return env;
  const file = join(configDirectory(env), "server.env");
  try {
    const { uid, mode } = statSync(file);
    if (uid !== 0 || (mode & 0o022) !== 0)
      throw new AppError("INVALID_CONFIG", `${file} can be written by others than root.`, {
        hint: `chown root: ${file} && chmod 600 ${file}`,
      });
    return { ...readLines(file, readFileSync(file, "utf8")), ...env };
  } catch (error) {
    if (isNodeError(error) && error.code === "ENOENT") return env;
    throw error;
  }
}

/** Root's own directory with the server's settings, ceilings and allow-lists. */
export function configDirectory(env: Environment): string {
  return env["HOP3_CONFIG"] || "/etc/hop3";
}

function readLines(file: string, text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [index, line] of text.split("\n").entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const [, name, value = ""] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(trimmed) ?? [];
    if (name === undefined)
      throw new AppError("INVALID_CONFIG", `${file}, line ${index + 1}: ${quote(trimmed)} is no NAME=value.`);
    found[name] = /^"[^"]*"$|^'[^']*'$/.test(value) ? value.slice(1, -1) : value;
  }
  return found;
}
