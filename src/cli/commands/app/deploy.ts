import { relative } from "node:path";
import { encodeDeployEnv } from "#core/api/deploy-env.ts";
import { deployEnvHeader } from "#core/api/prefix.ts";
import { AppError, type ErrorCode, errorTable } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { Client } from "../../client.ts";
import type { CommandContext } from "../../context.ts";
import { defineCommand, type Outcome } from "../../define-command.ts";
import { archiveName, archiveUpload, deployFrom, type DeployFrom } from "../../deploy-from.ts";
import { followDeploy } from "../../follow-deploy.ts";
import { planText } from "../../show-plan.ts";
import { type Upload, readUpload } from "../../upload.ts";
import { assignments } from "../../values.ts";

export const deploy = defineCommand({
  path: ["deploy"],
  category: "Daily",
  summary: "Build a directory, an archive or a repository, and put it in place of what runs",
  about: [
    "The app is made when there is none of the name. Its name is --app, HOP3_APP, .hop3-app, hop3.toml, or else the directory's.",
    "What runs keeps serving until the new release answers; when that fails it stays.",
    "Deploys of an app run one after the other; with --replace this one takes the place of those that do not serve yet.",
    "An archive is a tar, by itself or in gzip or zstd; a single folder that holds everything is taken off, as forges pack it. With an https address, or with --git, it is the server that fetches, from public addresses and networks that its operator allows; --pull takes the app's own repository (`hop3 git source set`).",
    "Ctrl-C leaves the deploy running on the server and says how to go on following it.",
  ],
  examples: [
    "hop3 deploy",
    "hop3 deploy ./site --app blog",
    "hop3 deploy --dry-run",
    "hop3 deploy --replace",
    "hop3 deploy -e DEBUG=1 -e LANG=de",
    "hop3 deploy blog-1.2.tar.gz",
    "hop3 deploy https://example.com/blog-1.2.tar.gz --app blog",
    "hop3 deploy --git https://github.com/ada/blog --branch live --app blog",
    "hop3 deploy --pull --app blog",
  ],
  positionals: [
    {
      name: "dir",
      summary: "The app's directory, the current one unless said; or an archive, or the https address of one",
      required: false,
    },
  ],
  flags: [
    { name: "dry-run", summary: "Upload, and show what a deploy would do; change nothing" },
    { name: "replace", summary: "Cancel the app's other deploys that do not serve yet, instead of waiting for them" },
    {
      name: "env",
      short: "e",
      value: "NAME=VALUE",
      summary: "Set a variable before the build; may be repeated",
      repeat: true,
    },
    { name: "git", value: "URL", summary: "Have the server fetch this repository" },
    { name: "branch", value: "NAME", summary: "Its branch; what its HEAD names unless said" },
    { name: "ref", value: "NAME", summary: "A tag, branch or whole commit of it" },
    { name: "pull", summary: "Have the server fetch the app's own repository" },
    { name: "sha256", value: "DIGEST", summary: "Refuse an archive that is not this one" },
  ],
  guarded: true,
  seeAlso: ["deploy cancel", "app build-logs", "app status", "env set", "git source set"],
  async run(context) {
    const from = deployFrom(context);
    const env = assignments(context.flags("env"));
    if (from.kind === "pull") return pullAndFollow(context, from, env);
    // An archive's name names no app.
    const directory = from.kind === "directory" ? from.directory : context.terminal.cwd;
    const { name, source } = await context.app({ directory, orDirectory: from.kind === "directory" });
    const client = await context.api();
    const upload = from.kind === "archive" ? archiveUpload(from.file) : await readUpload(directory, context.signal);
    if (upload.files === 0) {
      throw new AppError("INVALID_SOURCE", `There is nothing to upload in ${quote(directory)}.`, {
        hint: "Name the app's directory: hop3 deploy DIR.",
      });
    }
    const { cwd } = context.terminal;
    const named = source.startsWith(`${cwd}/`) ? source.slice(cwd.length + 1) : source;
    const what = from.kind === "archive" ? archiveName(from.file) : nearPath(cwd, directory);
    context.progress.line(`Deploying ${what} as ${name} (named by ${named}) to ${client.server.name}`);
    for (const path of upload.skipped)
      context.progress.line(`Left out: ${path} is neither a file, a folder nor a link`);

    const archive =
      from.kind === "archive"
        ? ({ packed: "true", ...(from.sha256 === undefined ? {} : { sha256: from.sha256 }) } as const)
        : {};
    if (context.has("dry-run")) {
      const body = open(context, upload);
      const plan = await client.call("planDeploy", { params: { app: name }, query: archive, body });
      context.progress.stop();
      const code = plan.refusals[0]?.code as ErrorCode | undefined;
      const exit = code === undefined ? 0 : (errorTable[code]?.exit ?? 1);
      return { data: plan, text: planText(plan), exit };
    }
    const created = await client.call("createDeploy", {
      params: { app: name },
      query: { create: "true", ...(context.has("replace") ? { replace: "true" } : {}), ...archive },
      headers: Object.keys(env).length === 0 ? {} : { [deployEnvHeader]: encodeDeployEnv(env) },
      body: open(context, upload),
    });
    const count = from.kind === "archive" ? what : `${upload.files} ${upload.files === 1 ? "file" : "files"}`;
    context.progress.done(`uploaded ${count}, ${size(upload.bytes)}`);
    return follow(context, client, name, created);
  },
});

async function pullAndFollow(
  context: CommandContext,
  { from, shown }: Extract<DeployFrom, { kind: "pull" }>,
  env: Readonly<Record<string, string>>,
): Promise<Outcome> {
  if (context.has("dry-run")) {
    throw new AppError("USAGE", "--dry-run needs a directory or an archive of this machine.", {
      hint: "Fetch it here first, and name the directory.",
    });
  }
  const { name, source } = await context.app();
  const client = await context.api();
  context.progress.line(`Deploying ${shown} as ${name} (named by ${source}) on ${client.server.name}`);
  const body = { from, create: from.kind !== "source", replace: context.has("replace"), env };
  return follow(context, client, name, await client.call("createPull", { params: { app: name }, body }));
}

async function follow(
  context: CommandContext,
  client: Client,
  app: string,
  { deploy: number, created }: { readonly deploy: number; readonly created: boolean },
): Promise<Outcome> {
  const done = await followDeploy(context, client, app, number);
  return {
    data: { app, deploy: number, created, release: done.release, url: done.url },
    ...(done.url === null ? {} : { text: done.url }),
    summary: `[${client.server.name} / ${app}] ${created ? "created and " : ""}deployed as release ${done.release}.`,
  };
}

function open({ progress }: CommandContext, upload: Upload) {
  let shown = -1;
  progress.step(`Uploading ${size(upload.bytes)}`);
  return upload.open((sent) => {
    const percent = Math.floor((100 * sent) / Math.max(1, upload.bytes));
    // Plain lines should not be a hundred.
    if (percent < shown + 25 && percent < 100) return;
    shown = percent;
    if (upload.bytes > 5_000_000) progress.step(`Uploading ${size(upload.bytes)}: ${percent} %`);
  });
}

/** As short as it can be said: below the current directory without what leads there. */
function nearPath(cwd: string, path: string): string {
  const near = relative(cwd, path);
  return near === "" ? "." : near === ".." || near.startsWith("../") ? path : near;
}

function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
