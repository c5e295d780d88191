/** From what was typed to a command: the person's aliases, old names with colons, then the parser. */
import { configDirectory } from "./context-file.ts";
import { globalFlags, type Command } from "./define-command.ts";
import { newForm } from "./old-forms.ts";
import { parseLine, type ParsedLine } from "./parse.ts";
import type { Terminal } from "./terminal.ts";
import { expandAlias, readAliases } from "./user-aliases.ts";

/** Throws USAGE, and INVALID_CONFIG for a config.toml that cannot be read. */
export async function understandLine(
  commands: readonly Command[],
  line: readonly string[],
  terminal: Terminal,
): Promise<ParsedLine> {
  const { env, home, stderr } = terminal;
  const names = commands.flatMap(({ path, aliases = [] }) => [path, ...aliases]);
  const isFirstWord = (word: string) => names.some(([first]) => first === word);
  const first = line[0] ?? "";
  let words = line;
  if (/^[a-z]/.test(first) && !first.includes(":") && !isFirstWord(first) && !isAliasFree(line))
    words = expandAlias(line, await readAliases(configDirectory(env, home)), isFirstWord);
  const isCommand = (path: readonly string[]) => names.some((name) => name.join(" ") === path.join(" "));
  const renewed = newForm(words, isCommand, takesValue);
  if (renewed === undefined) return parseLine(commands, words);
  if (!words.includes("--json") && !words.includes("-q") && !words.includes("--quiet"))
    stderr.write(`${renewed.hint}\n`);
  return parseLine(commands, renewed.line);
}

/** `--no-alias`, before a `--` that ends the flags. */
function isAliasFree(line: readonly string[]): boolean {
  const end = line.indexOf("--");
  return (end === -1 ? line : line.slice(0, end)).includes("--no-alias");
}

function takesValue(flag: string): boolean {
  return globalFlags.some(({ name, short, value }) => value !== undefined && [`--${name}`, `-${short}`].includes(flag));
}
