import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { completionScript, shells } from "../../completion.ts";
import { type Command, defineCommand } from "../../define-command.ts";

/** Needs the whole list, of which it is a part: so it is handed a function. */
export const makeCompletion = (commands: () => readonly Command[]) =>
  defineCommand({
    path: ["completion"],
    category: "Tool",
    summary: "Print a completion script for your shell",
    examples: ["source <(hop3 completion bash)", "hop3 completion fish > ~/.config/fish/completions/hop3.fish"],
    positionals: [{ name: "shell", summary: "bash, zsh or fish", required: true, values: shells }],
    flags: [],
    async run(context) {
      const wanted = context.arg("shell") ?? "";
      const shell = shells.find((one) => one === wanted);
      if (shell === undefined) {
        throw new AppError("USAGE", `${quote(wanted)} is not a shell that is known here.`, {
          hint: "bash, zsh or fish.",
        });
      }
      const script = completionScript(shell, commands());
      return { data: { shell, script }, text: script };
    },
  });
