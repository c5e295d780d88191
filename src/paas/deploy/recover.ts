/**
 * What a start of hop3d does with deploys that its predecessor left half done: before cut-over they are undone (the old
 * release serves all along), from cut-over on they are finished.
 */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError, toAppError } from "#core/errors.ts";
import { listApps } from "#store/apps.ts";
import { endBuild, getBuild } from "#store/builds.ts";
import { endDeploy, unfinishedDeploys, type Deploy } from "#store/deploys.ts";
import { endStep, listSteps, type DeployStep } from "#store/deploy-steps.ts";
import { getRelease, liveRelease } from "#store/releases.ts";
import { needsSupervisor, readArtifact } from "../artifact.ts";
import type { Platform } from "../platform.ts";
import { servedUrl } from "../served.ts";
import { logLength } from "./begin.ts";
import { isLive, recordBack, recordLive } from "./cut-over.ts";
import { drain } from "./drain.ts";
import type { Candidate } from "./job.ts";
import { endFailed } from "./ends.ts";
import { recordRecovered } from "./recovered-events.ts";
import { report } from "./reporter.ts";
import { retire } from "./retire.ts";
import { supervisorIsBack } from "./supervisor-is-back.ts";
import { cancelError } from "./under-way.ts";
import { discardOrLeave, markFirstFailure, undoCandidate } from "./undo.ts";

/** Milliseconds before what failed is tried again. */
const pause = 1000;

/**
 * To be called before requests are taken: every recovery has its place in its app's line then, and nothing that begins
 * later is taken for half done. `done` resolves when each of those deploys has its end.
 */
export async function recoverDeploys(platform: Platform): Promise<{ readonly done: Promise<void> }> {
  await emptyIncoming(platform.layout.incoming);
  // Those of an app that is being destroyed go with it.
  const destroyed = (await listApps(platform.store)).filter(({ destroyedBy }) => destroyedBy !== null);
  const found = (await unfinishedDeploys(platform.store)).filter(
    ({ app }) => !destroyed.some(({ name }) => name === app),
  );
  const recovered = found.map((deploy) => platform.queue.run(deploy.app, () => untilRecovered(platform, deploy)));
  return { done: Promise.all(recovered).then(() => undefined) };
}

/** One app that cannot be recovered yet (its disk is full, the edge is down) keeps nobody else from being served. */
async function untilRecovered(platform: Platform, deploy: Deploy): Promise<void> {
  for (;;) {
    try {
      return await recoverDeploy(platform, deploy);
    } catch (thrown) {
      if (platform.stopping.aborted) return;
      const { code, cause } = toAppError(thrown);
      const fields = { app: deploy.app, deploy: deploy.number, code, error: cause ?? thrown };
      platform.log.error("an interrupted deploy could not be brought to an end; trying again", fields);
    }
    await platform.clock.sleep(pause, platform.stopping).catch(() => undefined);
  }
}

async function recoverDeploy(platform: Platform, deploy: Deploy): Promise<void> {
  await supervisorIsBack(platform);
  const steps = await listSteps(platform.store, deploy.app, deploy.number);
  const open = steps.filter((step) => step.outcome === null);
  const candidate = await candidateOf(platform, deploy);
  const reachedCutOver = steps.some(({ step }) => step === "cut-over");
  const isUp = candidate !== undefined && reachedCutOver && (await isLive(platform, candidate));
  await (isUp ? finish(platform, deploy, open, candidate) : undo(platform, deploy, open));
}

async function finish(
  platform: Platform,
  { app, number, build, createdBy, origin }: Deploy,
  open: readonly DeployStep[],
  candidate: Candidate,
): Promise<void> {
  await recordLive(platform, candidate);
  await drain(platform, candidate);
  await retire(platform, app);
  for (const step of open) await endStep(platform.store, step, "done");
  // Before its end: whoever dies here says it twice rather than not at all.
  await recordRecovered(platform, app, number, candidate.release, { name: createdBy, ...origin });
  await endDeploy(platform.store, app, number, "succeeded");
  const url = servedUrl(platform, candidate.artifact);
  const ref = { app, deploy: number, logLength: logLength(platform, app, build ?? 0) };
  await report(platform, ref, "done", { outcome: "succeeded", release: candidate.release, url });
  platform.log.info("finished a deploy that was interrupted after its cut-over", { app, deploy: number });
}

async function undo(
  platform: Platform,
  { app, number, build, release, canceled }: Deploy,
  open: readonly DeployStep[],
): Promise<void> {
  await platform.supervisor.call("job.cancel", { app }, { signal: platform.stopping });
  if (release !== null) {
    // It was being taken back: the supervisor has the release before again, and the store may not know.
    if ((await liveRelease(platform.store, app))?.number === release) await recordBack(platform, app, release);
    await undoCandidate(platform, app, release);
  }
  if (build !== null) {
    const row = await getBuild(platform.store, app, build);
    if (row?.state === "running") await endBuild(platform.store, app, build, "canceled");
    // A configuration change has no build of its own: the live release's stays.
    await discardOrLeave(platform, app, build);
  }
  for (const step of open) await endStep(platform.store, step, "undone");
  await markFirstFailure(platform, app);
  const ref = { platform, app, deploy: number, logLength: logLength(platform, app, build ?? 0) };
  if (canceled !== null) await endFailed(ref, "canceled", cancelError(canceled));
  else await endFailed(ref, "failed", undone());
  platform.log.info("undid a deploy that was interrupted before its cut-over", { app, deploy: number });
}

function undone(): AppError {
  return new AppError("UNAVAILABLE", "The server was restarted during this deploy; it was undone.", {
    hint: "Deploy again.",
  });
}

/** Undefined for a deploy that has made no release yet. */
async function candidateOf(platform: Platform, { app, release }: Deploy): Promise<Candidate | undefined> {
  if (release === null) return undefined;
  const row = await getRelease(platform.store, app, release);
  if (row === undefined) return undefined;
  const artifact = readArtifact(platform.layout, app, row.build);
  const live = await liveRelease(platform.store, app);
  const replaces = live === undefined || live.number === release ? null : live.number;
  return { release, artifact, replaces, isSupervised: needsSupervisor(artifact) };
}

/** The directory itself stays: in system mode it is root that has made it, for us. */
async function emptyIncoming(incoming: string): Promise<void> {
  for (const name of await readdir(incoming).catch(() => [])) await rm(join(incoming, name), { recursive: true });
}
