/**
 * What a start of hop3d does with deploys that its predecessor left half done: before cut-over they are undone (the old
 * release serves all along), from cut-over on they are finished.
 */
import { AppError } from "#core/errors.ts";
import { endBuild, getBuild } from "#store/builds.ts";
import { endDeploy, unfinishedDeploys, type Deploy } from "#store/deploys.ts";
import { endStep, listSteps } from "#store/deploy-steps.ts";
import { getRelease, liveRelease } from "#store/releases.ts";
import { defaultDomain, urlOf } from "../app-address.ts";
import { readArtifact } from "../artifact.ts";
import type { Platform } from "../platform.ts";
import { deployJob } from "./begin.ts";
import { recordLive } from "./cut-over.ts";
import { drain } from "./drain.ts";
import type { Candidate } from "./job.ts";
import { endFailed, isLive } from "./pipeline.ts";
import { report } from "./reporter.ts";
import { retire } from "./retire.ts";
import { discardBuild, markFirstFailure, undoCandidate } from "./undo.ts";

/** Deploys with an end afterwards: all that were not. */
export async function recoverDeploys(platform: Platform): Promise<void> {
  for (const deploy of await unfinishedDeploys(platform.store)) {
    await platform.queue.run(deploy.app, () => recoverDeploy(platform, deploy));
  }
}

async function recoverDeploy(platform: Platform, deploy: Deploy): Promise<void> {
  const { app } = deploy;
  const steps = await listSteps(platform.store, app, deploy.number);
  const open = steps.filter((step) => step.outcome === null);
  const candidate = await candidateOf(platform, deploy);
  const reachedCutOver = steps.some(({ step }) => step === "cut-over");
  const job = deployJob(platform, app, deploy.number, deploy.build ?? 0, deploy.createdBy);
  if (candidate !== undefined && reachedCutOver && (await isLive(platform, candidate))) {
    await recordLive(platform, candidate);
    await drain(platform, candidate);
    await retire(platform, app);
    for (const step of open) await endStep(platform.store, step, "done");
    await endDeploy(platform.store, app, deploy.number, "succeeded");
    const url = urlOf(defaultDomain(app, platform.baseDomain), platform.edge);
    await report(platform, job, "done", { outcome: "succeeded", release: candidate.release, url });
    platform.log.info("finished a deploy that was interrupted after its cut-over", { app, deploy: deploy.number });
    return;
  }
  await platform.supervisor.call("job.cancel", { app }, { signal: platform.stopping });
  if (candidate !== undefined) await undoCandidate(platform, candidate);
  if (deploy.build !== null) {
    const build = await getBuild(platform.store, app, deploy.build);
    if (build?.state === "running") await endBuild(platform.store, app, deploy.build, "canceled");
    // A configuration change has no build of its own: the live release's stays.
    await discardBuild(platform, app, deploy.build);
  }
  for (const step of open) await endStep(platform.store, step, "undone");
  await markFirstFailure(platform, app);
  const error = new AppError("UNAVAILABLE", `The server was restarted during this deploy; it was undone.`, {
    hint: "Deploy again.",
  });
  await endFailed(job, "failed", error);
  platform.log.info("undid a deploy that was interrupted before its cut-over", { app, deploy: deploy.number });
}

async function candidateOf(platform: Platform, { app, release }: Deploy): Promise<Candidate | undefined> {
  if (release === null) return undefined;
  const row = await getRelease(platform.store, app, release);
  if (row === undefined) return undefined;
  const artifact = readArtifact(platform.layout, app, row.build);
  const live = await liveRelease(platform.store, app);
  const replaces = live === undefined || live.number === release ? null : live.number;
  return { release, artifact, replaces, hasProcesses: Object.keys(artifact.processes).length > 0 };
}
