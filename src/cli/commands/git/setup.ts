import { AppError } from "#core/errors.ts";
import { isBranchName } from "#core/git-branch.ts";
import { quote } from "#core/names.ts";
import type { Client } from "../../client.ts";
import type { CommandContext } from "../../context.ts";
import { defineCommand } from "../../define-command.ts";
import { type LocalGit, localGit } from "../../local-git.ts";
import { wholeNumber } from "../../values.ts";

export const gitSetup = defineCommand({
  path: ["git", "setup"],
  category: "Daily",
  summary: "Make this repository's remote that deploys the app by `git push`",
  about: [
    "The remote is called hop3. Over HTTPS git asks hop3 for the token at each push, so that none stands in the repository; over SSH a key of yours lets you in (`hop3 key add`).",
    "The app need not exist: the first push to main or master makes it. With --branch another branch deploys it from then on.",
  ],
  examples: [
    "hop3 git setup",
    "hop3 git setup --app blog --ssh",
    "hop3 git setup --branch release",
    "hop3 git setup --remote hop3-staging --server staging",
  ],
  positionals: [],
  flags: [
    { name: "ssh", summary: "Push over SSH, with a key" },
    { name: "https", summary: "Push over the API's own address, with the token; this is what is done unless said" },
    { name: "remote", value: "NAME", summary: "The remote's name; hop3 unless said" },
    { name: "branch", value: "NAME", summary: "The branch that deploys the app from now on" },
    { name: "ssh-host", value: "HOST", summary: "With --ssh: the server's name; that of its address unless said" },
    { name: "ssh-port", value: "N", summary: "With --ssh: the port of its sshd; 22 unless said" },
  ],
  guarded: true,
  seeAlso: ["key add", "deploy", "git credential"],
  async run(context) {
    const branch = context.flag("branch");
    if (branch !== undefined && !isBranchName(branch))
      throw new AppError("USAGE", `${quote(branch)} is not a valid branch name.`);
    const remote = context.flag("remote") ?? "hop3";
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(remote))
      throw new AppError("USAGE", `${quote(remote)} is not a valid name of a remote.`);
    if (context.has("ssh") && context.has("https")) throw new AppError("USAGE", "Choose one of --ssh and --https.");
    const git = await localGit(context.terminal);
    const { name } = await context.app({ orDirectory: true });
    const client = await context.api();
    const { server } = client;
    const isSsh = context.has("ssh") || (!context.has("https") && server.url.startsWith("ssh:"));
    const way = isSsh ? await bySsh(context, client, name) : byHttp(client, name);
    const before = (await git.run("remote", "get-url", remote)).stdout.trim();
    if (before !== "" && before !== way.url)
      await context.confirmYes(`The remote ${remote} leads to ${before} now, and would lead to ${way.url}.`);
    const deploys = await branchOf(client, name, branch);
    await git.must("remote", ...(before === "" ? ["add", remote, way.url] : ["set-url", remote, way.url]));
    if (!isSsh) await askHop3ForTokens(git, client);
    const push = `git push ${remote} ${await refspec(git, deploys)}`;
    return {
      data: { app: name, server: server.name, remote, url: way.url, branch: deploys, push },
      ...(way.notes.length === 0 ? {} : { text: way.notes.join("\n") }),
      summary: `[${server.name} / ${name}] the remote ${remote} leads to ${way.url}. Next: ${push}`,
    };
  },
});

type Way = { readonly url: string; readonly notes: readonly string[] };

function byHttp({ server }: Client, app: string): Way {
  if (server.url.startsWith("ssh:"))
    throw new AppError("USAGE", "This server is reached through SSH, where git goes by SSH, too.", {
      hint: "Use --ssh.",
    });
  return { url: `${server.url.replace(/\/$/, "")}/git/${app}.git`, notes: [] };
}

async function bySsh(context: CommandContext, client: Client, app: string): Promise<Way> {
  const { user, arranged, keysFile } = await client.call("showGitAccess", {});
  const host = context.flag("ssh-host") ?? new URL(client.server.url).hostname;
  if (!/^[A-Za-z0-9][A-Za-z0-9.-]*$|^\[[0-9A-Fa-f:]+\]$/.test(host))
    throw new AppError("USAGE", `${quote(host)} is not a valid host name.`);
  const port = context.flag("ssh-port");
  const url =
    port === undefined
      ? `${user}@${host}:${app}.git`
      : `ssh://${user}@${host}:${wholeNumber(port, "--ssh-port", 1, 65_535)}/${app}.git`;
  const { keys } = await client.call("listKeys", {});
  return {
    url,
    notes: [
      ...(keys.length === 0 ? ["You have no key on the server yet: hop3 key add"] : []),
      ...(arranged
        ? []
        : [
            `This server runs as ${user} alone, whose keys Hop3 leaves alone. So that keys of Hop3 are let in, add their lines on its host, again after each change:`,
            `  cat ${keysFile} >> ~${user}/.ssh/authorized_keys`,
          ]),
    ],
  };
}

/** Only for this address, and in place of helpers that would keep what they are told. */
async function askHop3ForTokens(git: LocalGit, { server }: Client): Promise<void> {
  const { origin } = new URL(server.url);
  const key = `credential.${origin}.helper`;
  // The names of servers are plain words; an address that is given by the environment has none of its own.
  const which = /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(server.name) ? ` --server ${server.name}` : "";
  await git.must("config", "--local", "--replace-all", `credential.${origin}.username`, "hop3");
  await git.must("config", "--local", "--replace-all", key, "");
  await git.must("config", "--local", "--add", key, `!hop3 git credential${which}`);
}

/** Undefined as long as there is no app, or none was pushed. */
async function branchOf(client: Client, app: string, wanted: string | undefined): Promise<string | null> {
  if (wanted !== undefined)
    return (await client.call("setPushBranch", { params: { app }, body: { branch: wanted } })).branch;
  try {
    return (await client.call("showPush", { params: { app } })).branch;
  } catch (error) {
    if (error instanceof AppError && error.code === "APP_NOT_FOUND") return null;
    throw error;
  }
}

/** What to push from where one is. */
async function refspec(git: LocalGit, deploys: string | null): Promise<string> {
  const current = (await git.run("branch", "--show-current")).stdout.trim();
  const target = deploys ?? (current === "master" ? "master" : "main");
  if (current === "" || current === target) return current === "" ? `HEAD:${target}` : target;
  return /^[\w./-]+$/.test(current) ? `${current}:${target}` : `HEAD:${target}`;
}
