import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { defineCommand } from "../../define-command.ts";

export const envGet = defineCommand({
  path: ["env", "get"],
  aliases: [["config", "get"]],
  category: "Settings",
  summary: "Print the value of one variable",
  examples: ["hop3 env get DATABASE_URL --app blog"],
  positionals: [{ name: "name", summary: "The variable", required: true, complete: "env" }],
  flags: [],
  seeAlso: ["env show"],
  async run(context) {
    const { name } = await context.app();
    const wanted = context.arg("name") ?? "";
    const { variables } = await (await context.api()).call("readEnv", { params: { app: name } });
    const found = variables.find((one) => one.name === wanted);
    if (found === undefined) {
      throw new AppError("NOT_FOUND", `${name} has no variable ${quote(wanted)}.`, {
        hint: "`hop3 env show` lists them.",
      });
    }
    return { data: { app: name, ...found }, text: found.value };
  },
});
