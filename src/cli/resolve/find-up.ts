/** Files that are looked for in a directory and those above it. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { AppError, isNodeError } from "#core/errors.ts";

export type FoundFile = { readonly path: string; readonly directory: string; readonly text: string };

/** Bytes that are read of such a file; more is refused. */
const fileMax = 1024 * 1024;

/** The nearest one, from `directory` up to `top` (to the root when `directory` is not below it). Throws INVALID_CONFIG for one that is too large. */
export function findUp(directory: string, name: string, top = "/"): FoundFile | undefined {
  const isInside = directory === top || directory.startsWith(top === "/" ? "/" : `${top}/`);
  for (let at = directory; ; at = dirname(at)) {
    const path = join(at, name);
    const text = readIfThere(path);
    if (text !== undefined) return { path, directory: at, text };
    if (at === dirname(at) || (isInside && at === top)) return undefined;
  }
}

export function readIfThere(path: string): string | undefined {
  try {
    const text = readFileSync(path, "utf8");
    if (text.length > fileMax) throw new AppError("INVALID_CONFIG", `${path} is larger than 1 MiB.`);
    return text;
  } catch (error) {
    if (isNodeError(error) && ["ENOENT", "ENOTDIR", "EISDIR", "EACCES", "ENAMETOOLONG"].includes(error.code ?? ""))
      return undefined;
    throw error;
  }
}
