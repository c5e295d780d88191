/**
 * Step 1 as a use case: takes an upload, and answers when the tree is there. What follows runs in the app's line and
 * outlives the request. A refused or broken upload leaves nothing: no tree, no deploy, no variable, no new app. For that
 * it is received beside the apps, and becomes a build by a rename.
 */
import { statSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError, toAppError } from "#core/errors.ts";
import { parseAppName } from "#core/names.ts";
import { deleteApp, getApp, nextBuild } from "#store/apps.ts";
import { changeDeploy, createDeploy } from "#store/deploys.ts";
import { checkVariable } from "#store/env.ts";
import { createAppWithFolders, existenceLine, removeAppFolders } from "../apps.ts";
import type { Actor, Platform } from "../platform.ts";
import { refuseReserved } from "../reserved-env.ts";
import type { DeployJob } from "./job.ts";
import { replaceEarlier } from "./cancel.ts";
import { endFailed } from "./ends.ts";
import { enqueueDeploy } from "./pipeline.ts";
import { requireRoom } from "../disk/room.ts";
import { receive, type Received, type ReceiveLimits } from "./receive.ts";
import { report } from "./reporter.ts";
import { removeTree } from "./tree.ts";

export type BeginDeploy = {
  readonly app: string;
  /** Make the app when there is none. */
  readonly create: boolean;
  /** Cancel the app's other uploads that do not serve yet; else this one waits for them. */
  readonly replace: boolean;
  readonly archive: AsyncIterable<Uint8Array>;
  /** Variables that the build sees and the release carries; the app's from its cut-over on. */
  readonly env: Readonly<Record<string, string>>;
  readonly by: Actor;
  /** The upload's; the deploy itself goes on without the client. */
  readonly signal: AbortSignal;
};

type Begun = { readonly deploy: number; readonly created: boolean };

/** Throws APP_NOT_FOUND, CONFLICT (it is being destroyed), INVALID_ARCHIVE, TOO_LARGE, INVALID_INPUT, DISK_FULL, CANCELED. */
export async function beginDeploy(platform: Platform, input: BeginDeploy): Promise<Begun> {
  const app = parseAppName(input.app);
  for (const [name, value] of Object.entries(input.env)) {
    refuseReserved(name);
    checkVariable({ name, value });
  }
  // Asked before the upload is read, and again after it.
  await requireAppOr(input.create, platform, app);
  await requireRoom(platform);
  return withIncoming(platform, async (folder) => {
    await platform.fault("before:receive");
    const tree = join(folder, "tree");
    const received = await receive(input.archive, tree, uploadLimits(platform), input.signal);
    await platform.fault("after:receive");
    return platform.queue.run(existenceLine(app), () => admit(platform, { ...input, app }, tree, received));
  });
}

/** Uploads end before they have taken what is kept free: several at once cannot fill the disk either. */
export function uploadLimits(platform: Platform): ReceiveLimits {
  return { ...platform.limits.upload, requireRoom: () => requireRoom(platform) };
}

/** A folder for an upload, gone when `work` has ended; a start of hop3d removes those of a predecessor. */
export async function withIncoming<Result>(
  platform: Platform,
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  await mkdir(platform.layout.incoming, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(platform.layout.incoming, "u"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function requireAppOr(create: boolean, platform: Platform, app: string): Promise<boolean> {
  const found = await getApp(platform.store, app);
  if (found !== undefined && found.destroyedBy !== null) {
    throw new AppError("CONFLICT", `The app ${app} is being destroyed.`, { hint: "Deploy again when it is gone." });
  }
  const known = found !== undefined;
  if (known || create) return known;
  throw new AppError("APP_NOT_FOUND", `There is no app ${app}.`, { hint: "Deploy with `create=true` to make it." });
}

/** Makes an upload a build with a deploy in the app's line; nobody makes or destroys the app meanwhile. */
async function admit(platform: Platform, input: BeginDeploy, tree: string, received: Received): Promise<Begun> {
  const { app } = input;
  const created = !(await requireAppOr(input.create, platform, app));
  if (created) await createAppWithFolders(platform, app, input.by);
  let job: DeployJob | undefined;
  let folder: string | undefined;
  try {
    const { number: deploy } = await createDeploy(platform.store, app, { summary: "", createdBy: input.by.name });
    const build = await nextBuild(platform.store, app);
    await changeDeploy(platform.store, app, deploy, { build });
    const one = deployJob(platform, input, deploy, build);
    job = one;
    folder = platform.layout.build(app, build);
    await mkdir(folder, { recursive: true, mode: 0o755 });
    await rename(tree, platform.layout.buildTree(app, build));
    const detail = received.files === 1 ? "1 file" : `${received.files} files`;
    await report(platform, one, "step", { name: "receive", state: "started" });
    await report(platform, one, "step", { name: "receive", state: "done", detail });
    if (input.replace) await replaceEarlier(platform, app, deploy, input.by);
    const first = platform.deploys.of(app).find((other) => other.deploy < deploy);
    if (first !== undefined) {
      const detail = `waiting for deploy ${first.deploy} to end`;
      await report(platform, one, "step", { name: "detect", state: "started", detail });
    }
    enqueueDeploy(one, build);
    return { deploy, created };
  } catch (thrown) {
    const error = toAppError(thrown);
    if (folder !== undefined) await removeTree(folder, platform.exec);
    if (created) {
      await deleteApp(platform.store, app);
      await removeAppFolders(platform, app);
    } else if (job !== undefined) {
      await endFailed(job, error.code === "CANCELED" ? "canceled" : "failed", error);
    }
    job?.underWay.end();
    throw thrown;
  }
}

function deployJob(platform: Platform, { app, by, env }: BeginDeploy, deploy: number, build: number): DeployJob {
  const underWay = platform.deploys.add(app, deploy, true);
  return { platform, app, deploy, by: by.name, set: env, underWay, logLength: logLength(platform, app, build) };
}

/** Bytes of a build's log so far. */
export function logLength({ layout }: Pick<Platform, "layout">, app: string, build: number): () => number {
  return () => statSync(layout.buildLog(app, build), { throwIfNoEntry: false })?.size ?? 0;
}
