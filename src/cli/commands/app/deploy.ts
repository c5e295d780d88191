import { relative, resolve } from "node:path";
import { encodeDeployEnv } from "#core/api/deploy-env.ts";
import { deployEnvHeader } from "#core/api/prefix.ts";
import { AppError, type ErrorCode, errorTable } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { CommandContext } from "../../context.ts";
import { defineCommand } from "../../define-command.ts";
import { followDeploy } from "../../follow-deploy.ts";
import { planText } from "../../show-plan.ts";
import { type Upload, readUpload } from "../../upload.ts";
import { assignments } from "../../values.ts";

export const deploy = defineCommand({
  path: ["deploy"],
  category: "Daily",
  summary: "Build a directory and put it in place of what runs",
  about: [
    "The app is made when there is none of the name. Its name is --app, HOP3_APP, .hop3-app, hop3.toml, or else the directory's.",
    "What runs keeps serving until the new release answers; when that fails it stays.",
    "Deploys of an app run one after the other; with --replace this one takes the place of those that do not serve yet.",
    "Ctrl-C leaves the deploy running on the server and says how to go on following it.",
  ],
  examples: [
    "hop3 deploy",
    "hop3 deploy ./site --app blog",
    "hop3 deploy --dry-run",
    "hop3 deploy --replace",
    "hop3 deploy -e DEBUG=1 -e LANG=de",
  ],
  positionals: [{ name: "dir", summary: "The app's directory; the current one unless said", required: false }],
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
  ],
  guarded: true,
  seeAlso: ["deploy cancel", "app build-logs", "app status", "env set"],
  async run(context) {
    const directory = resolve(context.terminal.cwd, context.arg("dir") ?? ".");
    const env = assignments(context.flags("env"));
    const { name, source } = await context.app({ directory, orDirectory: true });
    const client = await context.api();
    const upload = await readUpload(directory, context.signal);
    if (upload.files === 0) {
      throw new AppError("INVALID_SOURCE", `There is nothing to upload in ${quote(directory)}.`, {
        hint: "Name the app's directory: hop3 deploy DIR.",
      });
    }
    const { cwd } = context.terminal;
    const from = source.startsWith(`${cwd}/`) ? source.slice(cwd.length + 1) : source;
    context.progress.line(
      `Deploying ${nearPath(cwd, directory)} as ${name} (named by ${from}) to ${client.server.name}`,
    );
    for (const path of upload.skipped)
      context.progress.line(`Left out: ${path} is neither a file, a folder nor a link`);

    if (context.has("dry-run")) {
      const plan = await client.call("planDeploy", { params: { app: name }, body: open(context, upload) });
      context.progress.stop();
      const code = plan.refusals[0]?.code as ErrorCode | undefined;
      const exit = code === undefined ? 0 : (errorTable[code]?.exit ?? 1);
      return { data: plan, text: planText(plan), exit };
    }
    const created = await client.call("createDeploy", {
      params: { app: name },
      query: { create: "true", ...(context.has("replace") ? { replace: "true" } : {}) },
      headers: Object.keys(env).length === 0 ? {} : { [deployEnvHeader]: encodeDeployEnv(env) },
      body: open(context, upload),
    });
    context.progress.done(`uploaded ${upload.files} ${upload.files === 1 ? "file" : "files"}, ${size(upload.bytes)}`);
    const done = await followDeploy(context, client, name, created.deploy);
    return {
      data: { app: name, deploy: created.deploy, created: created.created, release: done.release, url: done.url },
      ...(done.url === null ? {} : { text: done.url }),
      summary: `[${client.server.name} / ${name}] ${created.created ? "created and " : ""}deployed as release ${done.release}.`,
    };
  },
});

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
