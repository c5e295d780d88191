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
    "## Which server, which context, which app",
    "",
    "The first place that says it wins; `--why` on any line says each of them on stderr and runs nothing.",
    "",
    "- **Server**: `--server`, `HOP3_API_URL`, `HOP3_SERVER`, the context's `server`, the git remote `hop3-NAME` whose host is that of a registered",
    "  server, the only server registered, of several the one of `hop3 server use`. `HOP3_API_TOKEN` wins over the stored token.",
    "- **Context** (a place to deploy to; a project with one place needs none): `--context`, `HOP3_CONTEXT`, `.hop3-local.toml` (here and up to the home",
    "  directory), the only git remote `hop3-NAME`, the only `[contexts.NAME]` of hop3.toml.",
    "- **App**: `--app`, `HOP3_APP`, `.hop3-app` (here or above), hop3.toml `[cli] app`, the context's `app`, hop3.toml `[metadata] id`, the git remote's,",
    "  and the default app of the server. A deploy takes the directory's name instead of that default: it never replaces another app by what lies here.",
    "",
    "A command that changes an app refuses one from `HOP3_APP`, or from a `.hop3-app` above the project, that the project's own hop3.toml contradicts,",
    "unless `--force`; and it warns when the context is not one that was chosen with `hop3 context use`. On a protected server, or in a protected context,",
    "whatever changes something asks once more and has `CONTEXT/APP` typed; in a script that is `--confirm=CONTEXT/APP`.",
    "",
    "Files in `$HOP3_CONFIG_DIR`, else `~/.config/hop3-cli`: `servers.toml` (servers and tokens, mode 0600), `state.toml`, `config.toml` (`[aliases]`). They",
    "are replaced whole, by one writer at a time. A token goes over TLS, through ssh (`ssh://user@host`) or to this machine, never in clear over a network.",
    "",
    "Environment beside these: `HOP3_VERBOSITY` (0 to 3), `HOP3_NO_INPUT`, `PAGER` for long output at a terminal, `NO_COLOR` and `FORCE_COLOR`.",
    "The old names with colons (`hop3 app:logs`) still work and say what they are called now.",
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
