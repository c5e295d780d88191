/**
 * A deploy whose first step is a fetch of ours: it has its number and is answered at once, and fetching is what it says
 * first. What follows is as with an upload. Fetches of one app go side by side, but what they bring is deployed in the order
 * in which it was asked for.
 */
import { join } from "node:path";
import type { Actor } from "#core/actor.ts";
import { AppError, toAppError } from "#core/errors.ts";
import { anyRef, branchRef, shownRef } from "#core/git-ref.ts";
import { parseAppName } from "#core/names.ts";
import { nextBuild } from "#store/apps.ts";
import { changeDeploy, createDeploy, setDeploySource } from "#store/deploys.ts";
import { pullSource, type DeploySource } from "#store/sources.ts";
import { parseFetchUrl, shownUrl } from "#sys/outbound/fetch-url.ts";
import { existenceLine, makeApp } from "../apps.ts";
import {
  checkEnv,
  logLength,
  requireAppOr,
  takeUpload,
  uploadLimits,
  withIncoming,
  type Begun,
} from "../deploy/begin.ts";
import { replaceEarlier } from "../deploy/cancel.ts";
import { fail } from "../deploy/ends.ts";
import type { DeployJob } from "../deploy/job.ts";
import { enqueueDeploy } from "../deploy/pipeline.ts";
import { receive, type Received } from "../deploy/receive.ts";
import { report } from "../deploy/reporter.ts";
import { requireRoom } from "../disk/room.ts";
import type { Platform } from "../platform.ts";
import { pullArchive, type ArchivePull } from "./pull-archive.ts";
import { parseGitUrl, pullGit, type GitPull } from "./pull-git.ts";
import type { Pulling } from "./pulling.ts";

type Which = { readonly branch?: string | undefined; readonly ref?: string | undefined };

export type PullFrom =
  | ({ readonly kind: "git"; readonly url: string } & Which)
  | { readonly kind: "archive"; readonly url: string; readonly sha256?: string | undefined }
  /** The app's own; `branch` in place of what it says. */
  | { readonly kind: "source"; readonly branch?: string | undefined };

export type BeginPull = {
  readonly app: string;
  readonly create: boolean;
  readonly replace: boolean;
  readonly from: PullFrom;
  readonly env: Readonly<Record<string, string>>;
  readonly by: Actor;
};

/** Where it is really fetched from, decided when it is asked for. */
type Origin = ({ readonly kind: "git" } & GitPull) | ({ readonly kind: "archive" } & ArchivePull);

/** Throws APP_NOT_FOUND, CONFLICT, INVALID_INPUT, SOURCE_REFUSED for an address that is none, NOT_FOUND without a source, DISK_FULL. */
export async function beginPull(platform: Platform, pulling: Pulling, input: BeginPull): Promise<Begun> {
  const app = parseAppName(input.app);
  checkEnv(input.env);
  const origin = await originOf(platform, app, input.from);
  await requireRoom(platform);
  return platform.queue.run(existenceLine(app), async () => {
    const created = !(await requireAppOr(platform, input));
    if (created) await makeApp(platform, app, input.by);
    const { number: deploy } = await createDeploy(platform.store, app, {
      summary: "",
      createdBy: input.by.name,
      origin: input.by,
    });
    const build = await nextBuild(platform.store, app);
    await changeDeploy(platform.store, app, deploy, { build });
    const job: DeployJob = {
      platform,
      app,
      deploy,
      by: input.by,
      set: input.env,
      underWay: platform.deploys.add(app, deploy, true),
      logLength: logLength(platform, app, build),
    };
    begin(job, build, pulling, origin, input.replace);
    return { deploy, created };
  });
}

async function originOf(platform: Platform, app: string, from: PullFrom): Promise<Origin> {
  if (from.kind === "archive") {
    parseFetchUrl(from.url);
    return { kind: "archive", url: from.url, sha256: from.sha256 };
  }
  if (from.kind === "git") return { kind: "git", url: parseGitUrl(from.url).href, ref: refOf(from), credential: null };
  const source = await pullSource(platform.store, app, platform.masterKey);
  if (source === undefined) {
    throw new AppError("NOT_FOUND", `${app} has no source to be fetched from.`, {
      hint: "`hop3 git source set URL` says which repository it is.",
    });
  }
  const ref = from.branch === undefined ? source.ref : branchRef(from.branch);
  return { kind: "git", url: source.url, ref, credential: source.credential };
}

/** Null for what the repository's HEAD names. Throws INVALID_INPUT. */
export function refOf({ branch, ref }: Which): string | null {
  if (branch !== undefined) return branchRef(branch);
  return ref === undefined ? null : anyRef(ref);
}

/** Never throws: what fails ends the deploy. */
function begin(job: DeployJob, build: number, pulling: Pulling, origin: Origin, replace: boolean): void {
  const { platform, app, deploy } = job;
  const pulled = pull(job, build, pulling, origin).then(async (received) => {
    // Before its turn in the line, which an earlier one may hold whose fetch hangs.
    if (replace) await replaceEarlier(platform, app, deploy, job.by);
    return received;
  });
  const giveUp = async (thrown: unknown): Promise<void> => {
    const error = toAppError(thrown);
    // Of a deploy that has begun it would say that the supervisor was away, and have the app's running job ended.
    const told =
      error.code === "UNAVAILABLE"
        ? new AppError("SOURCE_FAILED", error.message, { hint: error.hint, cause: thrown })
        : error;
    if (!platform.stopping.aborted)
      await report(platform, job, "step", { name: "receive", state: "failed" }).catch(() => undefined);
    await fail(job, build, told, "app.deploy");
    job.underWay.end();
  };
  pulled.catch(giveUp).catch((error: unknown) => {
    platform.log.error("a deploy was left without an end", { app, deploy, error });
  });
  // Held until it is fetched, so that what was asked for later does not overtake it.
  void platform.queue.run(`pulls of ${app}`, async () => {
    const received = await pulled.catch(() => undefined);
    if (received === undefined) return;
    try {
      job.underWay.goOn();
      const detail = `${received.what}, ${received.files === 1 ? "1 file" : `${received.files} files`}`;
      await report(platform, job, "step", { name: "receive", state: "done", detail });
      const first = platform.deploys.of(app).find((other) => other.deploy < deploy);
      if (first !== undefined) {
        const waiting = `waiting for deploy ${first.deploy} to end`;
        await report(platform, job, "step", { name: "detect", state: "started", detail: waiting });
      }
      enqueueDeploy(job, build);
    } catch (thrown) {
      await giveUp(thrown);
    }
  });
}

type Pulled = Received & { readonly what: string };

async function pull(job: DeployJob, build: number, pulling: Pulling, origin: Origin): Promise<Pulled> {
  const { platform, app, deploy, underWay } = job;
  const { signal } = underWay;
  const place = shownUrl(parseShown(origin.url));
  const say = (detail: string): Promise<void> =>
    report(platform, job, "step", { name: "receive", state: "started", detail });
  await say(`fetching ${place}`);
  return pulling.turns.run(
    () =>
      withIncoming(platform, async (folder) => {
        await platform.fault("before:receive");
        const tree = join(folder, "tree");
        const limits = uploadLimits(platform);
        const common = { pulling, bytes: limits.bytes, signal };
        let source: DeploySource;
        let received: Received;
        let what: string;
        if (origin.kind === "git") {
          const found = await pullGit(origin, {
            ...common,
            folder,
            requireRoom: () => requireRoom(platform),
            say: (detail) => say(`fetching ${place}: ${detail}`),
          });
          received = await receive(found.archive, tree, limits, signal);
          source = { kind: "git", url: place, ref: origin.ref, commit: found.commit };
          what = `${shownRef(origin.ref)} at ${found.commit.slice(0, 10)} (${found.subject})`;
        } else {
          let sha256: string | undefined;
          const archive = await pullArchive(origin, { ...common, digest: (found) => (sha256 = found) });
          received = await receive(archive, tree, limits, signal, true);
          // Not read to its end, it was not compared: what stands behind the archive's own end is refused.
          if (sha256 === undefined) throw new AppError("INVALID_ARCHIVE", "Something stands behind the archive's end.");
          source = { kind: "archive", url: place, sha256 };
          what = `sha256 ${sha256.slice(0, 10)}`;
        }
        await platform.fault("after:receive");
        signal.throwIfAborted();
        await takeUpload(platform, app, build, tree);
        await setDeploySource(platform.store, app, deploy, source);
        return { ...received, what };
      }),
    signal,
    () => say("waiting for other fetches"),
  );
}

function parseShown(url: string): URL {
  return URL.parse(url) ?? new URL("https://nowhere.invalid/");
}
