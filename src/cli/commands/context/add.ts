import { AppError } from "#core/errors.ts";
import { parseAppName, quote } from "#core/names.ts";
import type { CommandContext } from "../../context.ts";
import { readServers, serversFile } from "../../context-file.ts";
import { defineCommand, type Flag } from "../../define-command.ts";
import { addContext, removeContext } from "../../resolve/edit-contexts.ts";
import { writeSticky } from "../../resolve/sticky-context.ts";
import { here, nameOf } from "./project-contexts.ts";

const isProtected: Flag = { name: "protected", summary: "Whoever changes something there types CONTEXT/APP first" };

export const contextAdd = defineCommand({
  path: ["context", "add"],
  category: "Settings",
  summary: "Add a place to deploy this project to: `[contexts.NAME]` in hop3.toml",
  about: ["--server names a server that is registered, --app the app there, when it is not called as elsewhere."],
  examples: [
    "hop3 context add preview --server prod --app blog-preview",
    "hop3 context add live --server prod --protected",
  ],
  positionals: [{ name: "name", summary: "Its name", required: true }],
  flags: [isProtected],
  seeAlso: ["context use", "context remove", "server add"],
  async run(context) {
    const { file } = await here(context);
    const name = nameOf(context);
    await add(context, file, name);
    return { data: { context: name, file }, summary: `[${name}] added to ${file}.` };
  },
});

export const contextInit = defineCommand({
  path: ["context", "init"],
  category: "Settings",
  summary: "Add the first context of a project and choose it",
  examples: ["hop3 context init main --server prod"],
  positionals: [{ name: "name", summary: "Its name", required: true }],
  flags: [isProtected],
  seeAlso: ["context add", "context use"],
  async run(context) {
    const { file, directory, project } = await here(context);
    const name = nameOf(context);
    if ((project?.contexts.size ?? 0) > 0) {
      throw new AppError("CONFLICT", `${file} has contexts already.`, { hint: "`hop3 context add` adds another." });
    }
    await add(context, file, name);
    await writeSticky(directory, name);
    return { data: { context: name, file }, summary: `[${name}] added to ${file}, and chosen.` };
  },
});

export const contextRemove = defineCommand({
  path: ["context", "remove"],
  category: "Settings",
  summary: "Remove a context from hop3.toml; what runs there stays",
  examples: ["hop3 context remove staging --yes"],
  positionals: [{ name: "name", summary: "The context", required: true, complete: "context" }],
  flags: [],
  seeAlso: ["context add", "context list"],
  async run(context) {
    const { file } = await here(context);
    const name = nameOf(context);
    await context.confirmYes(`The context ${name} is taken out of ${file}.`);
    await removeContext(file, name);
    return { data: { context: name, file }, summary: `[${name}] removed from ${file}.` };
  },
});

async function add(context: CommandContext, file: string, name: string): Promise<void> {
  const { env, home } = context.terminal;
  const server = context.flag("server");
  const app = context.flag("app");
  if (server !== undefined && !Object.hasOwn(await readServers(serversFile(env, home)), server)) {
    throw new AppError("NO_SERVER", `There is no server named ${quote(server)}.`, {
      hint: "`hop3 server list` shows those that are registered; `hop3 login URL` registers one.",
    });
  }
  await addContext(file, name, {
    ...(server === undefined ? {} : { server }),
    ...(app === undefined ? {} : { app: parseAppName(app) }),
    ...(context.has("protected") ? { protected: true as const } : {}),
  });
}
