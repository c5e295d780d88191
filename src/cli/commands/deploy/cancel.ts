import type { DeploySummary } from "#core/api/deploys.ts";
import { AppError } from "#core/errors.ts";
import { defineCommand } from "../../define-command.ts";
import { wholeNumber } from "../../values.ts";

export const deployCancel = defineCommand({
  path: ["deploy", "cancel"],
  category: "Apps",
  summary: "Take back a deploy that does not serve yet",
  about: [
    "Without a number it is the one that runs, or else the newest that waits for its turn.",
    "Whatever its build or release command has started is ended, what it made is removed, and what serves goes on serving. From its cut-over on a deploy serves, and cannot be canceled.",
  ],
  examples: ["hop3 deploy cancel --app blog", "hop3 deploy cancel 12"],
  positionals: [{ name: "deploy", summary: "The deploy's number", required: false }],
  flags: [],
  guarded: true,
  seeAlso: ["deploy", "app build-logs"],
  async run(context) {
    const given = context.arg("deploy");
    const number = given === undefined ? undefined : wholeNumber(given, "DEPLOY", 1, 999_999_999);
    const { name } = await context.app();
    const client = await context.api();
    const params = { app: name };
    const deploy = number ?? presentOne((await client.call("listDeploys", { params })).deploys, name);
    context.progress.step(`Canceling deploy ${deploy} of ${name}`);
    const ended = await client.call("cancelDeploy", { params: { app: name, deploy: String(deploy) } });
    return { data: ended, summary: `[${client.server.name} / ${name}] deploy ${deploy} is canceled.` };
  },
});

/** Throws CONFLICT when none is under way. */
function presentOne(newestFirst: readonly DeploySummary[], app: string): number {
  const open = newestFirst.filter(({ endedAt }) => endedAt === null);
  const found = open.find(({ waits }) => !waits) ?? open[0];
  if (found !== undefined) return found.deploy;
  throw new AppError("CONFLICT", `There is nothing to cancel: no deploy of ${app} runs or waits.`, {
    hint: "`hop3 app show` tells how the last one ended.",
  });
}
