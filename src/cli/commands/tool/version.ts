import { AppError } from "#core/errors.ts";
import { defineCommand } from "../../define-command.ts";
import { facts } from "../../render.ts";

export const version = defineCommand({
  path: ["version"],
  category: "Tool",
  summary: "The version of this command, and of the server if it answers",
  examples: ["hop3 version", "hop3 --version"],
  positionals: [],
  flags: [],
  async run(context) {
    const client = context.terminal.version;
    let server: string | null = null;
    let note: string | null = null;
    try {
      server = (await (await context.api()).call("version", {})).version;
    } catch (error) {
      if (!(error instanceof AppError) || (error.code !== "NO_SERVER" && error.code !== "UNREACHABLE")) throw error;
      note = error.message;
    }
    return {
      data: { client, server },
      text: facts([
        ["hop3", client],
        ["server", server ?? note],
      ]),
    };
  },
});
