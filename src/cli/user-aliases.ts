/**
 * A person's own short words: `[aliases]` of config.toml, `prod-logs = "app logs --context prod"`. The first word of a line is
 * replaced by them once, as words, without a shell; the name of a command or group is never taken.
 */
import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { badFile, readTomlFile, tableAt } from "./toml-file.ts";

export type UserAliases = { readonly file: string; readonly words: ReadonlyMap<string, readonly string[]> };

const aliasName = /^[a-z][a-z0-9-]{0,31}$/;
const textMax = 1000;

/** Throws INVALID_CONFIG. */
export async function readAliases(config: string): Promise<UserAliases> {
  const file = join(config, "config.toml");
  const words = new Map<string, readonly string[]>();
  const table = await readTomlFile(file);
  for (const [name, text] of Object.entries(table === undefined ? {} : tableAt(file, table, "aliases"))) {
    if (!aliasName.test(name))
      throw badFile(file, `${file}: ${quote(name)} is no name for an alias: small letters, digits and hyphens`);
    if (typeof text !== "string" || text.trim() === "" || text.length > textMax)
      throw badFile(file, `${file}: alias ${name} must be a text of 1 to ${textMax} characters`);
    words.set(name, wordsOf(file, name, text));
  }
  return { file, words };
}

/** The line with its first word replaced, or as it is. `shadows` is true for words that already mean something. */
export function expandAlias(
  line: readonly string[],
  { words }: UserAliases,
  shadows: (name: string) => boolean,
): readonly string[] {
  const [first = "", ...rest] = line;
  const expansion = shadows(first) ? undefined : words.get(first);
  return expansion === undefined ? line : [...expansion, ...rest];
}

/** Words by spaces; quotes keep some together, and mean nothing else. */
function wordsOf(file: string, name: string, text: string): string[] {
  const words: string[] = [];
  const rest = text.trim().replaceAll(/"([^"]*)"|'([^']*)'|([^\s"']+)/g, (_, double, single, plain) => {
    words.push(String(double ?? single ?? plain));
    return "";
  });
  // What is left over is a quote that was not closed.
  if (rest.trim() !== "") throw badFile(file, `${file}: alias ${name} has a quote that is not closed`);
  if (words[0] === "hop3") words.shift();
  if (words.length === 0) throw new AppError("INVALID_CONFIG", `${file}: alias ${name} says nothing to do.`);
  return words;
}
