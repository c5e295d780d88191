/**
 * The most that any app may take of this server, from a file that root alone can write. Only what stands in it is a
 * ceiling; one of processes there always is, so that a fork bomb never has the whole host.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { AppError, isNodeError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { isTable, readTable, type LimitProblem } from "#core/read-limits.ts";
import type { WholeLimits } from "#core/app-limits.ts";

export const standardCeiling: WholeLimits = { processes: 4096 };

const bytesMax = 64 * 1024;

/**
 * JSON with the keys of `[limits]`: `{"memory": "2G", "cpu": 2, "processes": 500, "open-files": 4096, "disk": "10G"}`. Without
 * the file the standard ones hold. Throws INVALID_CONFIG when it is not `owner`'s alone to write, or says something unknown.
 */
export function readCeilings(path: string, owner = 0): WholeLimits {
  const text = readOwned(path, owner);
  if (text === undefined) return standardCeiling;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refused(path, "it is no JSON.", cause);
  }
  if (!isTable(value)) throw refused(path, "it must hold one object.");
  const problems: LimitProblem[] = [];
  const ceiling = readTable(value, [], true, problems);
  const [first] = problems;
  if (first !== undefined) throw refused(path, `${quote(first.path.join("."))} ${first.message}`);
  return { ...standardCeiling, ...ceiling };
}

function readOwned(path: string, owner: number): string | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (isNodeError(cause) && cause.code === "ENOENT") return undefined;
    if (isNodeError(cause) && cause.code === "ELOOP") throw refused(path, "it is a link; it must be a file.", cause);
    throw refused(path, "it cannot be read.", cause);
  }
  try {
    const found = fstatSync(file);
    if (!found.isFile()) throw refused(path, "it is no plain file.");
    if (found.uid !== owner) throw refused(path, `it belongs to user ${found.uid}, not to ${owner}.`);
    if ((found.mode & 0o022) !== 0) throw refused(path, "it may be written by others than its owner.");
    if (found.size > bytesMax) throw refused(path, `it has more than ${bytesMax} bytes.`);
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

function refused(path: string, what: string, cause?: unknown): AppError {
  const hint = "Correct it or remove it: it is a file of root's that nobody else may write (mode 0644).";
  return new AppError("INVALID_CONFIG", `The server's ceilings, ${path}: ${what}`, { hint, cause });
}
