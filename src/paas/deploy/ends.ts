/** How a deploy ends: recorded, with its watchers told, whatever has to be waited for; and never by throwing. */
import type { DoneEvent } from "#core/api/deploys.ts";
import { type AppError, toAppError } from "#core/errors.ts";
import { endBuild, getBuild } from "#store/builds.ts";
import { endDeploy, getDeploy, type DeployError } from "#store/deploys.ts";
import { appendEvent } from "#store/events.ts";
import { servedUrl } from "../served.ts";
import type { Candidate, DeployJob } from "./job.ts";
import { report } from "./reporter.ts";
import { supervisorIsBack } from "./supervisor-is-back.ts";
import { discardOrLeave, markFirstFailure } from "./undo.ts";

/** What the audit log calls it. */
export type Recorded = "app.deploy" | "app.rollback";

export async function succeed(job: DeployJob, { artifact, release }: Candidate, action: Recorded): Promise<void> {
  const { platform, app, deploy, by } = job;
  await untilRecorded(job, async () => {
    await endDeploy(platform.store, app, deploy, "succeeded");
    await finish(job, { outcome: "succeeded", release, url: servedUrl(platform, artifact) });
    const changed = Object.keys(job.set ?? {}).toSorted();
    if (changed.length > 0) {
      const details = { changed, deploy };
      await appendEvent(platform.store, { actor: by, action: "app.env.change", app, outcome: "ok", details });
    }
    await appendEvent(platform.store, { actor: by, action, app, target: `release ${release}`, outcome: "ok" });
  });
}

/** `build` is the one that the deploy made; null when it made none. */
export async function fail(job: DeployJob, build: number | null, thrown: unknown, action: Recorded): Promise<void> {
  const { platform, app, deploy } = job;
  // hop3d itself is going down: leave the deploy as it is, the next start undoes or finishes it.
  if (platform.stopping.aborted) return;
  job.underWay.settle();
  const error = job.underWay.canceled ?? toAppError(thrown);
  if (error.code === "INTERNAL")
    platform.log.error("a deploy failed unexpectedly", { app, deploy, error: error.cause });
  await untilRecorded(job, () => recordFailure(job, build, error, action));
}

/** Milliseconds before the end of a deploy is recorded again. */
const pause = 500;

/** Until its end is recorded no other deploy of the app can begin, so it is tried until it is: a full disk passes. */
async function untilRecorded({ platform, app, deploy }: DeployJob, work: () => Promise<void>): Promise<void> {
  while (!platform.stopping.aborted) {
    try {
      // None at all: the app was destroyed while this deploy waited in its line.
      const row = await getDeploy(platform.store, app, deploy);
      if (row !== undefined && row.endedAt === null) await work();
      return;
    } catch (error) {
      platform.log.error("the end of a deploy could not be recorded; trying again", { app, deploy, error });
      await platform.clock.sleep(pause, platform.stopping).catch(() => undefined);
    }
  }
}

/** Safe to repeat. */
async function recordFailure(job: DeployJob, build: number | null, error: AppError, action: Recorded): Promise<void> {
  const { platform, app, deploy, by } = job;
  // A call that broke off may have left its job running, or a note of it.
  if (error.code === "UNAVAILABLE" || (error.code === "CANCELED" && job.underWay.hasBegun)) {
    await supervisorIsBack(platform);
    await platform.supervisor.call("job.cancel", { app }, { signal: platform.stopping });
  }
  const outcome = error.code === "CANCELED" ? "canceled" : "failed";
  if (build !== null) {
    const row = await getBuild(platform.store, app, build);
    if (row?.state === "running") await endBuild(platform.store, app, build, outcome);
    await discardOrLeave(platform, app, build);
  }
  // Another one that runs or waits will tell how the app is.
  if (platform.deploys.of(app).every((one) => one === job.underWay)) await markFirstFailure(platform, app);
  await endFailed(job, outcome, error);
  const target = `deploy ${deploy}`;
  await appendEvent(platform.store, { actor: by, action, app, target, outcome: error.code });
}

/** What telling of an end needs: recovery knows no more. */
type Told = Pick<DeployJob, "platform" | "app" | "deploy" | "logLength">;

/** Records a failed or canceled end and tells the watchers. */
export async function endFailed(job: Told, outcome: "failed" | "canceled", error: AppError): Promise<void> {
  const told: DeployError = { code: error.code, message: error.message, hint: error.hint, details: [...error.details] };
  await endDeploy(job.platform.store, job.app, job.deploy, outcome, told);
  await finish(job, { outcome, release: null, url: null, error: { ...told, details: [...told.details] } });
}

async function finish(job: Told, event: DoneEvent): Promise<void> {
  await report(job.platform, job, "done", event);
}
