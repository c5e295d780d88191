import { configDirectory } from "../../context-file.ts";
import { type Command, defineCommand } from "../../define-command.ts";
import { table } from "../../render.ts";
import { readAliases } from "../../user-aliases.ts";

/** Needs the whole list, of which it is a part: so it is handed a function. */
export const makeAliases = (commands: () => readonly Command[]) =>
  defineCommand({
    path: ["aliases"],
    category: "Tool",
    summary: "Other words for commands: those of hop3, and your own",
    about: [
      'Your own stand in `[aliases]` of config.toml in ~/.config/hop3-cli, such as `tail = "app logs --follow"`. The first word of a line is replaced by such words once, without a shell; it never takes the place of a command. --no-alias leaves them aside.',
    ],
    examples: ["hop3 aliases", "hop3 aliases --json"],
    positionals: [],
    flags: [],
    seeAlso: ["help"],
    async run(context) {
      const { env, home } = context.terminal;
      const all = commands();
      const own = await readAliases(configDirectory(env, home));
      const shadowed = new Set(all.flatMap(({ path, aliases = [] }) => [path, ...aliases].map(([first]) => first)));
      const aliases = [
        ...all.flatMap(({ path, aliases: words = [] }) =>
          words.map((one) => ({ alias: one.join(" "), means: path.join(" "), source: "hop3", ignored: false })),
        ),
        ...[...own.words].map(([alias, words]) => ({
          alias,
          means: words.join(" "),
          source: own.file,
          ignored: shadowed.has(alias),
        })),
      ];
      const rows = aliases.map((one) => [
        one.alias,
        one.means,
        one.ignored ? `${one.source}, ignored: it is a command` : one.source,
      ]);
      return { data: { aliases }, text: table(["ALIAS", "MEANS", "FROM"], rows) };
    },
  });
