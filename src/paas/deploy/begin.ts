/**
 * Step 1 as a use case: takes an upload, and answers when the tree is there. What follows runs in the app's line and
 * outlives the request. A refused upload leaves nothing: no tree, no variable, no new app.
 */
import { statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { AppError, toAppError } from "#core/errors.ts";
import { parseAppName } from "#core/names.ts";
import { deleteApp, getApp, nextBuild } from "#store/apps.ts";
import { changeDeploy, createDeploy } from "#store/deploys.ts";
import { setEnv } from "#store/env.ts";
import { createAppWithFolders, removeAppFolders } from "../apps.ts";
import type { Actor, Platform } from "../platform.ts";
import type { DeployJob } from "./job.ts";
import { endFailed, runDeploy } from "./pipeline.ts";
import { receive } from "./receive.ts";
import { report } from "./reporter.ts";
import { removeTree } from "./tree.ts";

export type BeginDeploy = {
  readonly app: string;
  /** Make the app when there is none. */
  readonly create: boolean;
  readonly archive: AsyncIterable<Uint8Array>;
  /** Variables to set before the build. */
  readonly env: Readonly<Record<string, string>>;
  readonly by: Actor;
  /** The upload's; the deploy itself goes on without the client. */
  readonly signal: AbortSignal;
};

/** Throws APP_NOT_FOUND, INVALID_ARCHIVE, TOO_LARGE, INVALID_INPUT, DISK_FULL, CANCELED. */
export async function beginDeploy(
  platform: Platform,
  input: BeginDeploy,
): Promise<{ deploy: number; created: boolean }> {
  const app = parseAppName(input.app);
  const known = await getApp(platform.store, app);
  if (known === undefined && !input.create) {
    throw new AppError("APP_NOT_FOUND", `There is no app ${app}.`, { hint: "Deploy with `create=true` to make it." });
  }
  if (known === undefined) await createAppWithFolders(platform, app, input.by);
  const created = known === undefined;
  const { number: deploy } = await createDeploy(platform.store, app, { summary: "", createdBy: input.by.name });
  const build = await nextBuild(platform.store, app);
  await changeDeploy(platform.store, app, deploy, { build });
  const job = deployJob(platform, app, deploy, build, input.by.name);
  const folder = platform.layout.build(app, build);
  try {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    await report(platform, job, "step", { name: "receive", state: "started" });
    const limits = platform.limits.upload;
    const { files, bytes } = await receive(input.archive, platform.layout.buildTree(app, build), limits, input.signal);
    const env = Object.entries(input.env).map(([name, value]) => ({ name, value, source: "user" as const }));
    await setEnv(platform.store, app, env, platform.masterKey);
    await report(platform, job, "step", {
      name: "receive",
      state: "done",
      detail: `${files} files, ${Math.ceil(bytes / 1024)} KiB`,
    });
  } catch (thrown) {
    const error = toAppError(thrown);
    await removeTree(folder, platform.exec);
    if (created) {
      await deleteApp(platform.store, app);
      await removeAppFolders(platform, app);
    } else {
      await endFailed(job, error.code === "CANCELED" ? "canceled" : "failed", error);
    }
    throw thrown;
  }
  void platform.queue.run(app, () => runDeploy(job, build));
  return { deploy, created };
}

export function deployJob(platform: Platform, app: string, deploy: number, build: number, by: string): DeployJob {
  const log = platform.layout.buildLog(app, build);
  return { platform, app, deploy, by, logLength: () => statSync(log, { throwIfNoEntry: false })?.size ?? 0 };
}
