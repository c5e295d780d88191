/** `hop3 git source`: the repository that the server fetches an app from. */
import type { SourceView } from "#core/api/sources.ts";
import { AppError } from "#core/errors.ts";
import type { CommandContext } from "../../context.ts";
import { defineCommand } from "../../define-command.ts";
import { ask, readStdin } from "../../prompt.ts";
import { facts, localTime } from "../../render.ts";

const tokenMax = 4096;

export const gitSourceSet = defineCommand({
  path: ["git", "source", "set"],
  category: "Settings",
  summary: "Say which repository the server fetches the app from",
  about: [
    "`hop3 deploy --pull` and webhooks deploy from it. Nothing is fetched yet.",
    "For a private repository --token asks for a token that may read it, or takes it from stdin where nobody can be asked. It is kept sealed, sent to this address alone, and gone when another address is set.",
  ],
  examples: [
    "hop3 git source set https://github.com/ada/blog",
    "hop3 git source set https://git.example.com/ada/blog --branch live",
    "pass show git | hop3 git source set https://git.example.com/ada/blog --token",
  ],
  positionals: [{ name: "url", summary: "Its https address", required: true }],
  flags: [
    { name: "branch", value: "NAME", summary: "The branch; what the repository's HEAD names unless said" },
    { name: "ref", value: "NAME", summary: "A tag or commit in place of a branch" },
    { name: "token", summary: "Give a token for a private repository" },
    { name: "user", value: "NAME", summary: "Whose token it is, where the forge asks; git unless said" },
  ],
  guarded: true,
  seeAlso: ["deploy", "git source show", "webhook create"],
  async run(context) {
    const url = context.arg("url") ?? "";
    const { name } = await context.app();
    const [branch, ref] = [context.flag("branch"), context.flag("ref")];
    if (branch !== undefined && ref !== undefined)
      throw new AppError("USAGE", "--branch and --ref exclude each other.");
    const token = context.has("token") ? await readToken(context) : undefined;
    if (token === undefined && context.flag("user") !== undefined)
      throw new AppError("USAGE", "--user belongs to --token.");
    const client = await context.api();
    const { source } = await client.call("setSource", {
      params: { app: name },
      body: {
        url,
        ...(branch === undefined ? {} : { branch }),
        ...(ref === undefined ? {} : { ref }),
        ...(token === undefined ? {} : { credential: { user: context.flag("user") ?? "git", token } }),
      },
    });
    return {
      data: { app: name, source },
      summary: `[${client.server.name} / ${name}] is fetched from ${source.url}, ${source.ref ?? "what its HEAD names"}.`,
    };
  },
});

export const gitSourceShow = defineCommand({
  path: ["git", "source", "show"],
  aliases: [["git", "source"]],
  category: "Settings",
  summary: "Show the repository that the server fetches the app from",
  examples: ["hop3 git source show --app blog"],
  positionals: [],
  flags: [],
  seeAlso: ["git source set"],
  async run(context) {
    const { name } = await context.app();
    const client = await context.api();
    const found = await client.call("showSource", { params: { app: name } });
    return { data: found, text: found.source === null ? `${name} is fetched from nowhere.` : sourceText(found.source) };
  },
});

export const gitSourceRemove = defineCommand({
  path: ["git", "source", "remove"],
  category: "Settings",
  summary: "Forget the repository that the app is fetched from, and its token",
  examples: ["hop3 git source remove --app blog"],
  positionals: [],
  flags: [],
  guarded: true,
  seeAlso: ["git source set"],
  async run(context) {
    const { name } = await context.app();
    const client = await context.api();
    const gone = await client.call("removeSource", { params: { app: name } });
    return { data: gone, summary: `[${client.server.name} / ${name}] is fetched from nowhere any more.` };
  },
});

function sourceText({ url, ref, credential, setBy, updatedAt }: SourceView): string {
  return facts([
    ["url", url],
    ["ref", ref ?? "HEAD"],
    ["token", credential === null ? "none" : `of ${credential}`],
    ["set", `${localTime(updatedAt)} by ${setBy}`],
  ]);
}

async function readToken(context: CommandContext): Promise<string> {
  const text = context.mayAsk
    ? await ask(context.terminal, "Token: ", true)
    : await readStdin(context.terminal, tokenMax);
  const token = text.trim();
  if (token === "") throw new AppError("USAGE", "No token came.", { hint: "Type it, or pipe it in." });
  return token;
}
