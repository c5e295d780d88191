import { AppError } from "#core/errors.ts";
import { didYouMean } from "#core/app-config/did-you-mean.ts";
import { defineCommand } from "../../define-command.ts";
import { gitRemotes } from "../../resolve/git-remotes.ts";
import { writeSticky } from "../../resolve/sticky-context.ts";
import { here, nameOf } from "./project-contexts.ts";

export const contextUse = defineCommand({
  path: ["context", "use"],
  category: "Settings",
  summary: "Choose the context for this project, until another is chosen",
  about: [
    "It is kept in .hop3-local.toml beside hop3.toml, which is yours alone and is put into .gitignore. With --global it is kept in your home directory, for every project that has a context of that name.",
  ],
  examples: ["hop3 context use staging", "hop3 context use production --global", "hop3 context use --clear"],
  positionals: [{ name: "name", summary: "The context", required: false, complete: "context" }],
  flags: [
    { name: "global", summary: "For all projects below your home directory" },
    { name: "clear", summary: "Forget the choice" },
  ],
  seeAlso: ["context list", "context show"],
  async run(context) {
    const { terminal } = context;
    const { project, directory } = await here(context);
    const at = context.has("global") ? terminal.home : directory;
    if (context.has("clear")) {
      const file = await writeSticky(at, undefined);
      return { data: { context: null, file }, summary: "No context is chosen any more." };
    }
    if (context.arg("name") === undefined) {
      throw new AppError("USAGE", "Which context?", { hint: "Give its name, or --clear to choose none." });
    }
    const name = nameOf(context);
    const known = [
      ...(project?.contexts.keys() ?? []),
      ...gitRemotes(terminal.cwd).flatMap((remote) => remote.context ?? []),
    ];
    if (!known.includes(name) && !context.has("global")) {
      const near = didYouMean(name, known);
      throw new AppError("NOT_FOUND", `This project has no context ${name}.`, {
        hint: near === undefined ? `\`hop3 context add ${name}\` makes one.` : `Did you mean ${near}?`,
      });
    }
    const file = await writeSticky(at, name);
    return { data: { context: name, file }, summary: `[${name}] is the context from here on (${file}).` };
  },
});
