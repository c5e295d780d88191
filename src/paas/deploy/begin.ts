/**
 * Step 1 as a use case: takes an upload, and answers when the tree is there. What follows runs in the app's line and
 * outlives the request. A refused or broken upload leaves nothing: no tree, no deploy, no variable, no new app. For that
 * it is received beside the apps, and becomes a build when it is whole.
 */
import { statSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Actor } from "#core/actor.ts";
import { AppError, toAppError } from "#core/errors.ts";
import { parseAppName } from "#core/names.ts";
import { appNotFound, deleteApp, getApp, nextBuild } from "#store/apps.ts";
import { firstOrg } from "#store/orgs.ts";
import { changeDeploy, createDeploy } from "#store/deploys.ts";
import { checkVariable } from "#store/env.ts";
import type { DeploySource } from "#store/sources.ts";
import { existenceLine, makeApp, removeAppFiles } from "../apps.ts";
import type { Platform } from "../platform.ts";
import { refuseReserved } from "../reserved-env.ts";
import type { DeployJob } from "./job.ts";
import { replaceEarlier } from "./cancel.ts";
import { endFailed } from "./ends.ts";
import { enqueueDeploy } from "./pipeline.ts";
import { requireRoom } from "../disk/room.ts";
import { receive, type Received, type ReceiveLimits } from "./receive.ts";
import { report } from "./reporter.ts";
import { callAgain } from "./supervisor-is-back.ts";
import { removeBuild } from "./undo.ts";

export type BeginDeploy = {
  readonly app: string;
  /** Make the app when there is none. */
  readonly create: boolean;
  /** Cancel the app's other uploads that do not serve yet; else this one waits for them. */
  readonly replace: boolean;
  readonly archive: AsyncIterable<Uint8Array>;
  /** It is packed as forges do it: a single folder that holds everything is taken off. */
  readonly packed?: boolean;
  /** What the archive was made of, where that is known. */
  readonly source?: DeploySource;
  /** Variables that the build sees and the release carries; the app's from its cut-over on. */
  readonly env: Readonly<Record<string, string>>;
  readonly by: Actor;
  /** The upload's; the deploy itself goes on without the client. */
  readonly signal: AbortSignal;
};

export type Begun = { readonly deploy: number; readonly created: boolean };

/** Throws APP_NOT_FOUND, CONFLICT (it is being destroyed), INVALID_ARCHIVE, TOO_LARGE, INVALID_INPUT, DISK_FULL, CANCELED. */
export async function beginDeploy(platform: Platform, input: BeginDeploy): Promise<Begun> {
  const app = parseAppName(input.app);
  checkEnv(input.env);
  // Asked before the upload is read, and again after it.
  await requireAppOr(platform, input);
  await requireRoom(platform);
  return withIncoming(platform, async (folder) => {
    await platform.fault("before:receive");
    const tree = join(folder, "tree");
    const received = await receive(input.archive, tree, uploadLimits(platform), input.signal, input.packed);
    await platform.fault("after:receive");
    return platform.queue.run(existenceLine(app), () => admit(platform, { ...input, app }, tree, received));
  });
}

/** Throws INVALID_INPUT. */
export function checkEnv(env: BeginDeploy["env"]): void {
  for (const [name, value] of Object.entries(env)) {
    refuseReserved(name);
    checkVariable({ name, value });
  }
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

/** An app that came to be since the right was asked for may be another organisation's: an upload may take an hour. */
export async function requireAppOr(
  platform: Platform,
  { app, create, by }: Pick<BeginDeploy, "app" | "create" | "by">,
): Promise<boolean> {
  const found = await getApp(platform.store, app);
  if (found !== undefined && found.org !== (by.org ?? firstOrg)) throw appNotFound(app);
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
  const created = !(await requireAppOr(platform, input));
  if (created) await makeApp(platform, app, input.by);
  let job: DeployJob | undefined;
  let made: number | undefined;
  try {
    const { number: deploy } = await createDeploy(platform.store, app, {
      summary: "",
      createdBy: input.by.name,
      origin: input.by,
      source: input.source,
    });
    const build = await nextBuild(platform.store, app);
    await changeDeploy(platform.store, app, deploy, { build });
    const one = deployJob(platform, input, deploy, build);
    job = one;
    made = build;
    await takeUpload(platform, app, build, tree);
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
    const leave = (cause: unknown): void =>
      platform.log.warn("what a refused upload has left could not be removed", { app, error: cause });
    // Of a deploy that never began nothing has to be told. What stays of it is found by the next clean-up.
    if (made !== undefined) await removeBuild(platform, app, made).catch(leave);
    if (created) {
      await deleteApp(platform.store, app);
      await removeAppFiles(platform, app).catch(leave);
    } else if (job !== undefined) {
      await endFailed(job, error.code === "CANCELED" ? "canceled" : "failed", error);
    }
    job?.underWay.end();
    throw thrown;
  }
}

/** In user mode the upload becomes the tree; in system mode it is copied, as the app's user. */
export async function takeUpload(platform: Platform, app: string, build: number, from: string): Promise<void> {
  const { layout } = platform;
  await callAgain(platform, "build.make", { app, build });
  await rename(from, layout.buildUpload(app, build));
  await callAgain(platform, "build.take", { app, build });
  await rm(layout.buildUpload(app, build), { recursive: true, force: true });
}

function deployJob(platform: Platform, { app, by, env }: BeginDeploy, deploy: number, build: number): DeployJob {
  const underWay = platform.deploys.add(app, deploy, true);
  return { platform, app, deploy, by, set: env, underWay, logLength: logLength(platform, app, build) };
}

/** Bytes of a build's log so far. */
export function logLength({ layout }: Pick<Platform, "layout">, app: string, build: number): () => number {
  return () => statSync(layout.buildLog(app, build), { throwIfNoEntry: false })?.size ?? 0;
}
