/**
 * Completion scripts: every command's words and flags, written out, so that a Tab starts a process only where names are wanted
 * that the server knows.
 */
import { type Command, type Completes, globalFlags } from "../define-command.ts";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

export function completionScript(shell: Shell, commands: readonly Command[]): string {
  const next = nextWords(commands);
  if (shell === "fish") return fish(next, commands);
  const all = [...globalFlags, ...commands.flatMap(({ flags }) => flags)];
  const dashed = ({ name, short }: { name: string; short?: string }) => [
    `--${name}`,
    ...(short === undefined ? [] : [`-${short}`]),
  ];
  // The word after such a flag is its value, no command.
  const valued = [...new Set(all.filter(({ value }) => value !== undefined).flatMap(dashed))];
  const live = [...Map.groupBy(all, ({ complete }) => complete)].flatMap(([kind, flags]) =>
    kind === undefined ? [] : [`    ${[...new Set(flags.flatMap(dashed))].join("|")}) kind=${kind} ;;`],
  );
  const known = [...next.keys()].filter((words) => words !== "").map((words) => `"${words}"`);
  const cases = [...next].map(([words, options]) => {
    const kind = kindOf(commands, words);
    return `    "${words}") words="${options.join(" ")}"${kind === undefined ? "" : ` kind=${kind}`} ;;`;
  });
  const body = [
    "_hop3_names() {",
    "  local given=() word i",
    "  for ((i = 1; i < COMP_CWORD; i++)); do",
    '    word="${COMP_WORDS[i]}"',
    '    case "$word" in --app|-a|--server|--context|-c)',
    '      [[ "${COMP_WORDS[i+1]}" == "=" ]] && ((i++))',
    '      ((i + 1 < COMP_CWORD)) && given+=("$word" "${COMP_WORDS[i+1]}") ;;',
    "    esac",
    "  done",
    '  command hop3 completion --names "$1" "${given[@]}" 2>/dev/null',
    "}",
    "_hop3() {",
    '  local line="" word words="" argument="" kind="" last="" i current="${COMP_WORDS[COMP_CWORD]}"',
    "  for ((i = 1; i < COMP_CWORD; i++)); do",
    '    [[ "${COMP_WORDS[i]}" == "=" ]] && continue',
    '    last="$word" word="${COMP_WORDS[i]}"',
    `    case "$last" in ${valued.join("|")}) word=""; continue ;; esac`,
    '    [[ "$word" == -* ]] || line="${line:+$line }$word"',
    "  done",
    '  [[ "$current" == "=" ]] && current=""',
    '  case "$word" in',
    ...live,
    `    ${valued.join("|")}) COMPREPLY=(); return ;;`,
    "  esac",
    '  if [[ -n "$kind" ]]; then',
    '    COMPREPLY=($(compgen -W "$(_hop3_names "$kind")" -- "$current"))',
    "    return",
    "  fi",
    "  # Arguments of the command are taken off until its own words are left.",
    '  while [[ -n "$line" ]]; do',
    `    case "$line" in ${known.join("|")}) break ;; esac`,
    '    [[ "$line" == *" "* ]] || return',
    '    argument=1 line="${line% *}"',
    "  done",
    '  case "$line" in',
    ...cases,
    "  esac",
    '  [[ -n "$argument" && "$current" != -* ]] && words=""',
    `  [[ "$current" == -* ]] && kind="" words="$words ${flagList([]).join(" ")}"`,
    '  [[ -n "$kind" ]] && words="$words $(_hop3_names "$kind")"',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    "}",
    "complete -o default -F _hop3 hop3",
  ];
  const zsh = ["autoload -Uz bashcompinit && bashcompinit", "autoload -Uz compinit && compinit -u"];
  return [`# hop3 completion for ${shell}`, ...(shell === "zsh" ? zsh : []), ...body].join("\n");
}

/** Words so far to the words that may follow. */
function nextWords(commands: readonly Command[]): Map<string, string[]> {
  const next = new Map<string, string[]>([["", []]]);
  const add = (at: string, word: string) => {
    const known = next.get(at) ?? [];
    if (!known.includes(word)) next.set(at, [...known, word]);
  };
  for (const command of commands) {
    for (const path of [command.path, ...(command.aliases ?? [])]) {
      for (const [index, word] of path.entries()) add(path.slice(0, index).join(" "), word);
      if (!next.has(path.join(" "))) next.set(path.join(" "), []);
      for (const value of command.positionals[0]?.values ?? []) add(path.join(" "), value);
      for (const { name } of command.flags) add(path.join(" "), `--${name}`);
    }
  }
  return next;
}

/** Of the command's arguments. */
function kindOf(commands: readonly Command[], words: string): Completes | undefined {
  const command = commands.find(({ path, aliases = [] }) => [path, ...aliases].some((one) => one.join(" ") === words));
  return command?.positionals.find(({ complete }) => complete !== undefined)?.complete;
}

function flagList(extra: readonly string[]): string[] {
  return [...extra, ...globalFlags.map(({ name }) => `--${name}`)];
}

function fish(next: ReadonlyMap<string, readonly string[]>, commands: readonly Command[]): string {
  const asked = (words: string) =>
    words === ""
      ? "__fish_use_subcommand"
      : words
          .split(" ")
          .map((word) => `__fish_seen_subcommand_from ${word}`)
          .join("; and ");
  const flags = commands.flatMap((command) => command.flags);
  const lines = [...next].flatMap(([words, options]) => {
    const kind = kindOf(commands, words);
    const names = kind === undefined ? [] : [`complete -c hop3 -f -n '${asked(words)}' -a '(__hop3_names ${kind})'`];
    const verbs = options.filter((option) => !option.startsWith("--"));
    // Once one of them stands there, the others are no choice any more.
    const open = verbs.length === 0 ? "" : `; and not __fish_seen_subcommand_from ${verbs.join(" ")}`;
    const listed = options.map((option) => {
      const summary = commands.find(({ path }) => path.join(" ") === `${words} ${option}`.trim())?.summary;
      const described = summary === undefined ? "" : ` -d '${summary.replaceAll("'", "")}'`;
      if (!option.startsWith("--")) return `complete -c hop3 -f -n '${asked(words)}${open}' -a ${option}${described}`;
      const live = flags.find(({ name }) => name === option.slice(2))?.complete;
      return `complete -c hop3 -n '${asked(words)}' -l ${option.slice(2)}${valueOf(live)}`;
    });
    return [...listed, ...names];
  });
  const globals = globalFlags.map(
    ({ name, short, complete }) =>
      `complete -c hop3 -l ${name}${short === undefined ? "" : ` -s ${short}`}${valueOf(complete)}`,
  );
  return ["# hop3 completion for fish", ...fishNames, ...lines, ...globals].join("\n");
}

function valueOf(kind: Completes | undefined): string {
  return kind === undefined ? "" : ` -x -a '(__hop3_names ${kind})'`;
}

const fishNames = [
  "function __hop3_names",
  "  set -l tokens (commandline -opc)",
  "  set -l given",
  "  for i in (seq 2 (count $tokens))",
  "    set -l after (math $i + 1)",
  "    switch $tokens[$i]",
  "      case --app -a --server --context -c",
  "        test $after -le (count $tokens); and set -a given $tokens[$i] $tokens[$after]",
  "      case '--app=*' '--server=*' '--context=*'",
  "        set -a given $tokens[$i]",
  "    end",
  "  end",
  "  command hop3 completion --names $argv[1] $given 2>/dev/null",
  "end",
];
