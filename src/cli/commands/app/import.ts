import { basename, resolve } from "node:path";
import { statSync } from "node:fs";
import { AppError, errorTable } from "#core/errors.ts";
import { importKinds } from "#core/import/plan.ts";
import { parseAppName, quote } from "#core/names.ts";
import type { CommandContext } from "../../context.ts";
import { defineCommand } from "../../define-command.ts";
import { carryOut } from "../../import/carry-out.ts";
import { compare, isComplete, type Missing } from "../../import/compare.ts";
import { dokkuConfigOf, readTree } from "../../import/read-tree.ts";
import { nextSteps, planData, planText, resultText } from "../../import/show-import.ts";

export const appImport = defineCommand({
  path: ["import"],
  aliases: [["app", "import"]],
  category: "Apps",
  summary: "Bring apps over from elsewhere: their names, variables and domains",
  about: [
    "Takes a directory with Procfile, app.json and .env; what the heroku command prints, in files config.env (config --shell) or config.json, info.json (apps:info --json) and domains.json (domains --json) beside app.json; /home/dokku or one app in it; a piku home; the home of a Python Hop3.",
    "The plan comes first: what will be made, and what stays behind and why. No value of a variable is shown, and nothing in a file is run.",
    "A variable that is set on the server stays as it is, so an import that broke off is gone on with by the same line. An app that serves already is changed only with --force.",
  ],
  examples: [
    "hop3 import . --dry-run",
    "hop3 import ./shop --yes",
    "hop3 import /home/dokku --rename old_blog=journal --dry-run",
  ],
  positionals: [{ name: "dir", summary: "What to bring over", required: true }],
  flags: [
    { name: "from", value: "KIND", summary: `What it is, when that is not to be guessed: ${importKinds.join(", ")}` },
    { name: "rename", value: "OLD=NEW", summary: "Call an app otherwise than it was; may be repeated", repeat: true },
    {
      name: "dokku-config",
      value: "DIR",
      summary: "Where a dokku server keeps properties; /var/lib/dokku/config for what is below /home/dokku",
    },
    { name: "dry-run", summary: "Show the plan; change nothing" },
  ],
  seeAlso: ["deploy", "app create", "env set", "domain add"],
  async run(context) {
    const directory = resolve(context.terminal.cwd, context.arg("dir") ?? ".");
    const plan = await readPlan(context, directory);
    const client = await context.api();
    const missing: Missing[] = [];
    for (const app of plan.apps) missing.push(await compare(client, app));
    const text = planText(plan, missing);
    if (context.has("dry-run")) return { data: planData(plan, missing), text };

    const open = missing.filter((one) => !isComplete(one));
    const live = open.filter(({ isLive }) => isLive && !context.force);
    if (live.length > 0) {
      const names = live.map(({ app }) => app.name).join(", ");
      throw new AppError("APP_EXISTS", `There is an app already that serves and lacks some of this: ${names}.`, {
        hint: "Give another name with --rename OLD=NEW, or set what it lacks with --force.",
      });
    }
    if (open.length > 0) {
      if (!context.json) context.terminal.stderr.write(`${text}\n\n`);
      await context.confirmYes(
        `${open.length} of ${missing.length} apps will be made or completed on ${client.server.name}.`,
      );
    }
    const results = await carryOut(client, open, context.progress);
    const failure = results.flatMap(({ failed }) => failed)[0];
    const next = plan.apps.map((app) => ({ app: app.name, commands: nextSteps(app, directory) }));
    const said = results.length === 0 ? "Everything of this is there already." : resultText(results);
    const steps = next.flatMap(({ commands }) => commands.map((line) => `  ${line}`));
    return {
      data: { ...planData(plan, missing), results, next },
      text: failure === undefined ? `${said}\n\nNext, for their code:\n${steps.join("\n")}` : said,
      ...(failure === undefined ? {} : { exit: errorTable[failure.code].exit }),
      summary:
        failure === undefined
          ? `[${client.server.name}] imported ${results.length} of ${missing.length} apps.`
          : "Not all could be imported; the same line goes on where this one has ended.",
    };
  },
});

async function readPlan(context: CommandContext, directory: string) {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new AppError("USAGE", `${quote(directory)} is no directory.`, { hint: "Name the directory to bring over." });
  }
  const from = context.flag("from");
  const kind = importKinds.find((one) => one === from);
  if (from !== undefined && kind === undefined) {
    throw new AppError("USAGE", `${quote(from)} is nothing that can be imported.`, {
      hint: `Give ${importKinds.join(", ")}.`,
    });
  }
  const { planImport } = await import("#core/import/plan-import.ts");
  const config = context.flag("dokku-config") ?? dokkuConfigOf(directory);
  const app = context.flag("app");
  const rename = new Map(context.flags("rename").map(renaming));
  return planImport(await readTree(directory), {
    name: basename(directory),
    kind,
    dokkuConfig: config === undefined ? undefined : await readTree(resolve(context.terminal.cwd, config)),
    rename,
    only: app === undefined ? undefined : parseAppName(app),
  });
}

function renaming(word: string): [string, string] {
  const equals = word.lastIndexOf("=");
  if (equals > 0) return [word.slice(0, equals), parseAppName(word.slice(equals + 1))];
  throw new AppError("USAGE", `${quote(word)} is not OLD=NEW.`);
}
