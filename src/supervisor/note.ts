import { readFileSync } from "node:fs";

/** A note that a supervisor of ours wrote; undefined when there is none, or it was cut off. */
export function readNote(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
