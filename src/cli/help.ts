/** Help pages, made of the commands themselves. */
import { type Command, type Flag, globalFlags } from "./define-command.ts";

const sections = ["Daily", "Lists", "Management", "Administration", "Utilities"] as const;

/** Where it stands in the overview; what has no place of its own there is an administrator's. */
function sectionOf({ category, path, aliases = [] }: Command): (typeof sections)[number] {
  if (category === "Daily") return "Daily";
  if ([path, ...aliases].some((words) => words.at(-1) === "list")) return "Lists";
  if (category === "Tool") return "Utilities";
  return ["Releases", "Apps", "Settings"].includes(category) ? "Management" : "Administration";
}

/** Bare `hop3`: every command, by what it is for. `active` says which server, context and app are meant here. */
export function overview(commands: readonly Command[], active?: string): string {
  const width = Math.max(...commands.map(({ path }) => path.join(" ").length));
  return [
    "hop3 puts apps on your own server: `hop3 deploy` in the app's directory.",
    "`npm start` has logged you in to its own server; another one takes `hop3 login URL`.",
    ...(active === undefined ? [] : [active]),
    "",
    ...sections.flatMap((section) => [
      `${section}:`,
      ...commands
        .filter((command) => sectionOf(command) === section)
        .map(({ path, summary }) => `  hop3 ${path.join(" ").padEnd(width)}  ${summary}`),
      "",
    ]),
    "`hop3 help COMMAND` shows what a command takes; flags may stand anywhere in the line.",
  ].join("\n");
}

/** `hop3 app`: the commands that begin so. */
export function groupHelp(words: readonly string[], commands: readonly Command[], active?: string): string {
  const inside = commands.filter(({ path }) => words.every((word, index) => path[index] === word));
  if (words.length === 0 || inside.length === 0) return overview(commands, active);
  const width = Math.max(...inside.map(({ path }) => path.join(" ").length));
  return inside.map(({ path, summary }) => `hop3 ${path.join(" ").padEnd(width)}  ${summary}`).join("\n");
}

export function commandHelp(command: Command): string {
  const { path, aliases, summary, about, examples, positionals, flags, seeAlso } = command;
  const paragraph = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];
  return [
    summary,
    ...paragraph("USAGE", [usage(command)]),
    ...paragraph(
      "ALSO",
      (aliases ?? []).map((words) => `hop3 ${words.join(" ")}`),
    ),
    ...paragraph("EXAMPLES", examples),
    ...paragraph("ABOUT", about ?? []),
    ...paragraph("POSITIONAL", columns(positionals.map((one) => [one.name.toUpperCase(), one.summary]))),
    ...paragraph("OPTIONS", columns(flags.map((flag) => [flagWords(flag), flag.summary]))),
    ...paragraph("EVERYWHERE", columns(globalFlags.map((flag) => [flagWords(flag), flag.summary]))),
    ...paragraph(
      "SEE ALSO",
      (seeAlso ?? []).map((words) => `hop3 ${words}`),
    ),
    ...(path.length > 1 ? paragraph("PART OF", [`hop3 ${path[0]}`]) : []),
  ].join("\n");
}

export function usage({ path, positionals, flags }: Command): string {
  const words = positionals.map(({ name, required, many }) => {
    const word = `${name.toUpperCase()}${many === true ? "..." : ""}`;
    return required ? word : `[${word}]`;
  });
  return ["hop3", ...path, ...words, ...(flags.length === 0 ? [] : ["[options]"])].join(" ");
}

export function flagWords({ name, short, value }: Flag): string {
  return `${short === undefined ? "" : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`;
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `${left.padEnd(width)}  ${right}`);
}
