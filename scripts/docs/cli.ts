/** docs/cli.md from the command objects. */
import { commands } from "#cli/command-list.ts";
import { type Command, type Flag, globalFlags } from "#cli/define-command.ts";
import { flagWords, usage } from "#cli/help.ts";
import { code, generatedNote, mdTable } from "./markdown.ts";

export function cliReference(): string {
  return [
    "# The `hop3` command",
    "",
    generatedNote,
    "",
    "Flags may stand anywhere in the line. stdout is data; progress, questions, summaries and errors go to stderr.",
    '`--json` prints one document: `{status: "ok", data, meta}` or `{status: "error", error: {code, message, suggestion, details, exit_code}, meta}`;',
    "a stream (`logs -f --json`) prints one object a line. Exit statuses are in [errors.md](errors.md).",
    "",
    "## Which app, which server",
    "",
    "The app: `--app`, then `HOP3_APP`, `.hop3-app` (here or above), hop3.toml `[cli] app`, hop3.toml `[metadata] id`; for `hop3 deploy` at last the",
    "directory's name. A command that changes an app refuses one from `HOP3_APP` that the directory's own hop3.toml contradicts, unless `--force`.",
    "",
    "The server: `--server`, then `HOP3_API_URL`, `HOP3_SERVER`, the only one registered. `HOP3_API_TOKEN` wins over the stored token. Servers are kept in",
    "`$HOP3_CONFIG_DIR/servers.toml`, else `~/.config/hop3-cli/servers.toml`, mode 0600. A token never goes in clear to anything but this machine.",
    "",
    "## Flags of every command",
    "",
    ...flagTable(globalFlags),
    "",
    "## Commands",
    "",
    ...mdTable(
      ["command", "also", "does"],
      commands.map(({ path, aliases, summary }) => [
        `[${code(path.join(" "))}](#hop3-${path.join("-")})`,
        (aliases ?? []).map((words) => code(words.join(" "))).join(", "),
        summary,
      ]),
    ),
    "",
    ...commands.flatMap(commandSection),
  ].join("\n");
}

function commandSection(command: Command): string[] {
  const { path, summary, about, examples, positionals, flags } = command;
  return [
    `### hop3 ${path.join(" ")}`,
    "",
    `${summary}.`,
    ...(about ?? []).flatMap((paragraph) => ["", paragraph]),
    "",
    "```",
    usage(command),
    "```",
    "",
    ...(positionals.length === 0
      ? []
      : [
          ...mdTable(
            ["argument", ""],
            positionals.map((one) => [code(one.name.toUpperCase()), one.summary]),
          ),
          "",
        ]),
    ...(flags.length === 0 ? [] : [...flagTable(flags), ""]),
    "```console",
    ...examples.map((example) => `$ ${example}`),
    "```",
    "",
  ];
}

function flagTable(flags: readonly Flag[]): string[] {
  return mdTable(
    ["flag", ""],
    flags.map((flag) => [code(flagWords(flag)), flag.summary]),
  );
}
