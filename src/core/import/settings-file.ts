/**
 * The settings of piku and of the Python Hop3: `NAME = value` a line, no quotes, `$NAME` and `${NAME}` replaced by what
 * stands before. There a line that is none voids the whole file; here it is noted.
 */
import { envValueMax } from "../limits.ts";
import type { Assignment, Assignments } from "./assignments.ts";

export function readSettings(text: string): Assignments {
  const found = new Map<string, Assignment>();
  const notes: { line: number; why: string }[] = [];
  for (const [index, raw] of text
    .replace(/^\ufeff/, "")
    .split(/\r\n?|\n/)
    .entries()) {
    const line = index + 1;
    if (raw.trim() === "" || raw.startsWith("#")) continue;
    const equals = raw.indexOf("=");
    const name = raw.slice(0, Math.max(equals, 0)).trim();
    if (name === "") notes.push({ line, why: "is not NAME=value" });
    else {
      const value = expand(raw.slice(equals + 1).trim(), found);
      if (value === undefined) notes.push({ line, why: "has a value that grows too long when it is put together" });
      else found.set(name, { name, value, line });
    }
  }
  return { found: [...found.values()], notes };
}

function expand(text: string, found: ReadonlyMap<string, Assignment>): string | undefined {
  let length = text.length;
  const value = text.replaceAll(/\$(?:(\w+)|\{([^}]*)\})/g, (whole, bare: string | undefined, braced?: string) => {
    const known = found.get(bare ?? braced ?? "")?.value;
    length += known?.length ?? 0;
    // Ten names that each stand ten times for the one before make ten thousand million characters.
    return known === undefined || length > envValueMax ? whole : known;
  });
  return length > envValueMax ? undefined : value;
}
