/** Completion scripts: every command's words and flags, written out, so that a Tab starts no process of ours. */
import { type Command, globalFlags } from "./define-command.ts";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

export function completionScript(shell: Shell, commands: readonly Command[]): string {
  const next = nextWords(commands);
  if (shell === "fish") return fish(next, commands);
  // The word after such a flag is its value, no command.
  const valued = new Set(
    [...globalFlags, ...commands.flatMap(({ flags }) => flags)]
      .filter(({ value }) => value !== undefined)
      .flatMap(({ name, short }) => [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]),
  );
  const takesValue = [...valued].join("|");
  const known = [...next.keys()].filter((words) => words !== "").map((words) => `"${words}"`);
  const cases = [...next].map(([words, options]) => `    "${words}") words="${options.join(" ")}" ;;`);
  const body = [
    "_hop3() {",
    '  local line="" word words="" argument="" last="" i',
    "  for ((i = 1; i < COMP_CWORD; i++)); do",
    '    last="$word" word="${COMP_WORDS[i]}"',
    `    case "$last" in ${takesValue}) word=""; continue ;; esac`,
    '    [[ "$word" == -* ]] || line="${line:+$line }$word"',
    "  done",
    `  case "$word" in ${takesValue}) COMPREPLY=(); return ;; esac`,
    "  # Arguments of the command are taken off until its own words are left.",
    '  while [[ -n "$line" ]]; do',
    `    case "$line" in ${known.join("|")}) break ;; esac`,
    '    [[ "$line" == *" "* ]] || return',
    '    argument=1 line="${line% *}"',
    "  done",
    '  case "$line" in',
    ...cases,
    "  esac",
    '  [[ -n "$argument" && "${COMP_WORDS[COMP_CWORD]}" != -* ]] && words=""',
    `  [[ "\${COMP_WORDS[COMP_CWORD]}" == -* ]] && words="$words ${flagList([]).join(" ")}"`,
    '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))',
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

function flagList(extra: readonly string[]): string[] {
  return [...extra, ...globalFlags.map(({ name }) => `--${name}`)];
}

function fish(next: ReadonlyMap<string, readonly string[]>, commands: readonly Command[]): string {
  const lines = [...next].flatMap(([words, options]) => {
    const asked =
      words === ""
        ? "__fish_use_subcommand"
        : words
            .split(" ")
            .map((word) => `__fish_seen_subcommand_from ${word}`)
            .join("; and ");
    return options.map((option) => {
      const summary = commands.find(({ path }) => path.join(" ") === `${words} ${option}`.trim())?.summary;
      const described = summary === undefined ? "" : ` -d '${summary.replaceAll("'", "")}'`;
      return option.startsWith("--")
        ? `complete -c hop3 -n '${asked}' -l ${option.slice(2)}`
        : `complete -c hop3 -f -n '${asked}' -a ${option}${described}`;
    });
  });
  const globals = globalFlags.map(
    ({ name, short }) => `complete -c hop3 -l ${name}${short === undefined ? "" : ` -s ${short}`}`,
  );
  return ["# hop3 completion for fish", ...lines, ...globals].join("\n");
}
