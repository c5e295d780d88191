import { parseEnv } from "node:util";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { changeSummary } from "../../change-summary.ts";
import type { CommandContext } from "../../context.ts";
import { defineCommand } from "../../define-command.ts";
import { readStdin } from "../../prompt.ts";
import { assignments } from "../../values.ts";

const fileMax = 1024 * 1024;

export const envSet = defineCommand({
  path: ["env", "set"],
  aliases: [["config", "set"]],
  category: "Settings",
  summary: "Set variables, all or none; the app restarts with them",
  about: ["A value on the command line can be seen by others of this machine: give secrets with --from-file."],
  examples: [
    "hop3 env set LANG=de DEBUG=1 --app blog",
    "hop3 env set --from-file .env",
    "pass show blog | hop3 env set --from-file -",
  ],
  positionals: [{ name: "assignment", summary: "NAME=VALUE", required: false, many: true }],
  flags: [{ name: "from-file", value: "FILE", summary: "Read NAME=VALUE lines from a file, - for stdin" }],
  guarded: true,
  seeAlso: ["env unset", "env show"],
  async run(context) {
    const set = { ...(await fromFile(context)), ...assignments(context.args("assignment")) };
    if (Object.keys(set).length === 0) {
      throw new AppError("USAGE", "There is nothing to set.", { hint: "Give NAME=VALUE, or --from-file." });
    }
    const { name } = await context.app();
    const client = await context.api();
    context.progress.step(`Setting ${Object.keys(set).join(", ")} of ${name}`);
    const change = await client.call("changeEnv", { params: { app: name }, body: { set } });
    return { data: change, summary: changeSummary(client.server.name, "set", change) };
  },
});

async function fromFile(context: CommandContext): Promise<Record<string, string>> {
  const file = context.flag("from-file");
  if (file === undefined) return {};
  const text = file === "-" ? await readStdin(context.terminal, fileMax) : read(resolve(context.terminal.cwd, file));
  const parsed = parseEnv(text);
  const found = Object.entries(parsed).map(([name, value]) => `${name}=${value ?? ""}`);
  if (found.length === 0 && text.trim() !== "") {
    throw new AppError("INVALID_ENV_FILE", `${quote(file)} has no line NAME=value.`);
  }
  return assignments(found);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new AppError("USAGE", `${quote(path)} cannot be read.`, { hint: "Check the path.", cause });
  }
}
