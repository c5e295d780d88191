/** From the words of a line to a command and its values. Commander does the parsing; its words for errors become ours. */
import { Command as Parser, CommanderError, Option } from "commander";
import { didYouMean } from "#core/app-config/did-you-mean.ts";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { type Command, type Flag, globalFlags } from "./define-command.ts";

/** USAGE, and what the command takes is worth showing. */
export class MissingArgument extends AppError {
  readonly command: Command;

  constructor(command: Command, message: string) {
    super("USAGE", message, { hint: `For example: ${command.examples[0]}` });
    this.command = command;
  }
}

export type ParsedLine = {
  /** Undefined when the words only name a group, or nothing. */
  readonly command: Command | undefined;
  /** The words that were understood, for example `["app"]`. */
  readonly words: readonly string[];
  readonly args: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly flags: Readonly<Record<string, string | number | true | readonly string[] | undefined>>;
};

/** Throws USAGE. */
export function parseLine(commands: readonly Command[], line: readonly string[]): ParsedLine {
  const root = makeParser("hop3");
  for (const flag of globalFlags) root.addOption(toOption(flag));
  let parsed: ParsedLine | undefined;
  const leaves = new Set<Parser>();

  for (const command of commands) {
    for (const path of [command.path, ...(command.aliases ?? [])]) {
      const parser = findOrMake(root, path);
      leaves.add(parser);
      for (const { name, many } of command.positionals) {
        // Whether it is required is checked below, so that `--help` needs none.
        parser.argument(many === true ? `[${name}...]` : `[${name}]`);
      }
      for (const flag of command.flags) parser.addOption(toOption(flag));
      parser.allowExcessArguments(false).action((...values: unknown[]) => {
        const args = Object.fromEntries(command.positionals.map(({ name }, index) => [name, values[index] as string]));
        parsed = { command, words: path, args, flags: { ...root.opts(), ...parser.opts() } };
      });
    }
  }
  groups(root, leaves, (group, words) => {
    group
      .allowExcessArguments(true)
      .allowUnknownOption(true)
      .action(() => {
        const [first] = group.args;
        if (first?.startsWith("-") === true) throw new AppError("USAGE", `There is no ${optionName(first)} here.`);
        if (first !== undefined) throw unknownCommand(first, words, group, commands);
        parsed = { command: undefined, words, args: {}, flags: root.opts() };
      });
  });

  try {
    root.parse([...line], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw usageError(error, named(commands, line));
  }
  if (parsed === undefined) throw new AppError("USAGE", "This line says nothing to do.");
  if (parsed.command !== undefined && parsed.flags["help"] !== true) requireArgs(parsed.command, parsed.args);
  return parsed;
}

/** The value of a flag as a property of the parser's options. */
function toOption({ name, short, value, summary, repeat }: Flag): Option {
  const names = `${short === undefined ? "" : `-${short}, `}--${name}${value === undefined ? "" : ` <${value}>`}`;
  const option = new Option(names, summary);
  // Commander reads `--no-x` as the opposite of `--x`; ours are flags of their own.
  if (name.startsWith("no-")) {
    option.negate = false;
    option.attributeName = () => name;
  } else option.attributeName = () => name;
  if (repeat === true && value === undefined) {
    return option.argParser((_, count: number | undefined) => (count ?? 0) + 1);
  }
  if (repeat === true) return option.argParser((text, all: string[] | undefined) => [...(all ?? []), text]);
  return option;
}

function makeParser(name: string): Parser {
  return new Parser(name)
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    .helpOption(false)
    .helpCommand(false);
}

function findOrMake(root: Parser, path: readonly string[]): Parser {
  let parser = root;
  for (const word of path) {
    let next = parser.commands.find((child) => child.name() === word);
    if (next === undefined) {
      next = makeParser(word);
      parser.addCommand(next);
    }
    parser = next;
  }
  return parser;
}

/** Every parser that is no command itself. */
function groups(
  root: Parser,
  leaves: ReadonlySet<Parser>,
  visit: (group: Parser, words: readonly string[]) => void,
): void {
  const walk = (parser: Parser, words: readonly string[]) => {
    if (!leaves.has(parser)) visit(parser, words);
    for (const child of parser.commands) walk(child, [...words, child.name()]);
  };
  walk(root, []);
}

/** The name alone: what follows `=` may be a secret. */
function optionName(word: string): string {
  return /^--?[\w-]{1,40}/.exec(word)?.[0] ?? "such option";
}

function unknownCommand(word: string, words: readonly string[], group: Parser, commands: readonly Command[]): AppError {
  const here = group.commands.map((child) => child.name());
  const near = didYouMean(word, here);
  const whole =
    near === undefined ? commands.find(({ path }) => path.length > 1 && path.at(-1) === word)?.path : [...words, near];
  const typed = ["hop3", ...words, word].join(" ");
  const hint =
    whole === undefined
      ? `\`${["hop3 help", ...words].join(" ")}\` lists the commands.`
      : `Did you mean \`hop3 ${whole.join(" ")}\`?`;
  return new AppError("USAGE", `There is no command ${quote(typed)}.`, { hint });
}

function requireArgs(command: Command, args: ParsedLine["args"]): void {
  const missing = command.positionals.find(
    ({ name, required }) => required && (args[name] === undefined || args[name].length === 0),
  );
  if (missing === undefined) return;
  throw new MissingArgument(
    command,
    `\`hop3 ${command.path.join(" ")}\` needs ${missing.name.toUpperCase()}: ${missing.summary}.`,
  );
}

/** The command whose words the line begins with, whatever follows. */
function named(commands: readonly Command[], line: readonly string[]): string {
  const words = line.filter((word) => !word.startsWith("-"));
  const found = commands.find(({ path, aliases }) =>
    [path, ...(aliases ?? [])].some((one) => one.every((word, index) => words[index] === word)),
  );
  return found === undefined ? "COMMAND" : found.path.join(" ");
}

function usageError(error: CommanderError, command: string): AppError {
  const [first = "", second] = error.message.replace(/^error: /, "").split("\n");
  const near = second === undefined ? undefined : /\(Did you mean (.*)\?\)/.exec(second)?.[1];
  // Commander repeats the words of the line, which may hold a secret: only option names may pass.
  const message = {
    "commander.unknownOption": `There is no ${optionName(/option '(.*)/s.exec(first)?.[1] ?? "")} here.`,
    "commander.optionMissingArgument": `${/'(?:-\w, )?(--[\w-]+)/.exec(first)?.[1] ?? "An option"} needs a value.`,
    "commander.excessArguments": "There are more words than the command takes.",
  }[error.code];
  const hint =
    near === undefined
      ? `\`hop3 help ${command}\` shows what ${command === "COMMAND" ? "a command" : "it"} takes.`
      : `Did you mean ${near}?`;
  return new AppError("USAGE", message ?? `${first}.`, { hint });
}
