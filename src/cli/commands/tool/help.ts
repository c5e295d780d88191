import { AppError } from "#core/errors.ts";
import { didYouMean } from "#core/app-config/did-you-mean.ts";
import { quote } from "#core/names.ts";
import { type Command, defineCommand } from "../../define-command.ts";
import { commandHelp, groupHelp } from "../../help.ts";

/** Needs the whole list, of which it is a part: so it is handed a function. */
export const makeHelp = (commands: () => readonly Command[]) =>
  defineCommand({
    path: ["help"],
    category: "Tool",
    summary: "List the commands, or show what one takes",
    examples: ["hop3 help", "hop3 help app logs"],
    positionals: [{ name: "command", summary: "The words of a command", required: false, many: true }],
    flags: [],
    async run(context) {
      const words = context.args("command");
      const all = commands();
      const same = (path: readonly string[]) => path.join(" ") === words.join(" ");
      const command = all.find(({ path, aliases }) => [path, ...(aliases ?? [])].some(same));
      if (command === undefined && !all.some(({ path }) => words.every((word, index) => path[index] === word))) {
        const near = didYouMean(
          words.join(" "),
          all.map(({ path }) => path.join(" ")),
        );
        throw new AppError(
          "USAGE",
          `There is no command ${quote(words.join(" "))}.`,
          near === undefined ? {} : { hint: `Did you mean \`hop3 help ${near}\`?` },
        );
      }
      const text = command === undefined ? groupHelp(words, all) : commandHelp(command);
      return { data: { help: text }, text };
    },
  });
