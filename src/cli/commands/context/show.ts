import { AppError } from "#core/errors.ts";
import { defineCommand } from "../../define-command.ts";
import { facts } from "../../render.ts";

export const contextShow = defineCommand({
  path: ["context", "show"],
  aliases: [["context"]],
  category: "Settings",
  summary: "Which context, server and app are meant here, and what says so",
  examples: ["hop3 context", "hop3 context show --json"],
  positionals: [],
  flags: [],
  seeAlso: ["context list", "context use", "use"],
  async run(context) {
    const { data } = await context.why();
    const line = (subject: keyof typeof data) => {
      const { value, source } = data[subject];
      return [subject, value === null ? "none" : `${value} (${source})`] as const;
    };
    return { data, text: facts([line("context"), line("server"), line("app")]) };
  },
});

export const contextCurrent = defineCommand({
  path: ["context", "current"],
  category: "Settings",
  summary: "The name of the context that is meant here",
  examples: ["hop3 context current --context production"],
  positionals: [],
  flags: [],
  seeAlso: ["context show"],
  async run(context) {
    const found = await context.currentContext();
    if (found === undefined) {
      throw new AppError("NOT_FOUND", "There is no context here.", {
        hint: "`hop3 context list` shows those of this project, `hop3 context use` chooses one.",
      });
    }
    return { data: { context: found.name, source: found.source }, text: found.name };
  },
});
