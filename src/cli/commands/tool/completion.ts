import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { liveKinds, liveNames, namesPatience } from "../../complete/names.ts";
import { completionScript, shells } from "../../complete/script.ts";
import type { CommandContext } from "../../context.ts";
import { readServers, serversFile } from "../../context-file.ts";
import { type Command, defineCommand } from "../../define-command.ts";
import { facts } from "../../render.ts";
import { gitRemotes } from "../../resolve/git-remotes.ts";
import { readProject } from "../../resolve/project.ts";

/** Needs the whole list, of which it is a part: so it is handed a function. */
export const makeCompletion = (commands: () => readonly Command[]) =>
  defineCommand({
    path: ["completion"],
    category: "Tool",
    summary: "Print a completion script for your shell",
    about: [
      "Commands and flags stand in the script. Names of apps, processes, variables, cron jobs, releases and domains are asked of the server at a Tab, for a second at most, and kept for ten; when it does not answer nothing is offered and nothing is said.",
      "--refresh forgets what is kept, --status tells what there is.",
    ],
    examples: [
      "source <(hop3 completion bash)",
      "hop3 completion fish > ~/.config/fish/completions/hop3.fish",
      "hop3 completion --status",
      "hop3 completion --refresh",
    ],
    positionals: [{ name: "shell", summary: "bash, zsh or fish", required: false, values: shells }],
    flags: [
      { name: "refresh", summary: "Forget the names that are kept" },
      { name: "status", summary: "Say how many names are kept, and where" },
      {
        name: "names",
        value: "KIND",
        summary: "For the scripts: print the names of app, process, env, cron, release, domain, server or context",
      },
    ],
    async run(context) {
      const cache = cacheOf(context);
      const kind = context.flag("names");
      if (kind !== undefined) return { text: (await names(context, kind, cache).catch(() => [])).join("\n") };
      if (context.has("refresh")) {
        rmSync(cache, { recursive: true, force: true });
        return { data: { cache }, summary: "The next Tab asks the server again." };
      }
      if (context.has("status")) return status(cache);
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

function cacheOf({ terminal: { env, home } }: CommandContext): string {
  return join(env["XDG_CACHE_HOME"] || join(home, ".cache"), "hop3/names");
}

async function names(context: CommandContext, kind: string, cache: string): Promise<readonly string[]> {
  const { terminal } = context;
  if (kind === "server") return Object.keys(await readServers(serversFile(terminal.env, terminal.home)));
  if (kind === "context") {
    const project = await readProject(terminal.cwd);
    const remotes = gitRemotes(terminal.cwd).flatMap((remote) => remote.context ?? []);
    return [...new Set([...(project?.contexts.keys() ?? []), ...remotes])];
  }
  const live = liveKinds.find((one) => one === kind);
  if (live === undefined) return [];
  const app = live === "app" ? undefined : (await context.app()).name;
  const { url } = await context.server();
  const client = await context.apiUntil(AbortSignal.timeout(namesPatience));
  return liveNames({ kind: live, server: url, app, cache, now: Date.now(), client: () => client });
}

function status(cache: string) {
  const files = list(cache);
  const newest =
    files
      .map((file) => statSync(join(cache, file)).mtime.toISOString())
      .toSorted()
      .at(-1) ?? null;
  return {
    data: { cache, lists: files.length, newest },
    text: facts([
      ["kept in", cache],
      ["lists", files.length],
      ["newest", newest ?? "none"],
    ]),
  };
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
