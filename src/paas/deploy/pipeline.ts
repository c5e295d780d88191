/**
 * A deploy, from an uploaded tree to a release that serves: the table of contents. Each step is a file and has a row in
 * the journal before and after it. Up to cut-over everything can be undone and the old release never stopped serving;
 * from cut-over on everything can be repeated.
 *
 *   receive (begin.ts, while the upload runs) - detect - build - release - start - probe - cut over - drain - retire
 */
import type { DeployStep, DoneEvent } from "#core/api/deploys.ts";
import { type AppError, toAppError } from "#core/errors.ts";
import { nextRelease } from "#store/apps.ts";
import { endBuild, getBuild, createBuild } from "#store/builds.ts";
import { changeDeploy, endDeploy, getDeploy, startDeploy, type DeployError } from "#store/deploys.ts";
import { beginStep, endStep } from "#store/deploy-steps.ts";
import { appendEvent } from "#store/events.ts";
import type { ReleaseReason } from "#store/releases.ts";
import type { Artifact } from "../artifact.ts";
import { servedUrl } from "../served.ts";
import { artifactSteps } from "./artifact-of.ts";
import { build } from "./build.ts";
import { cutBack, cutOver, isLive } from "./cut-over.ts";
import { detect } from "./detect.ts";
import { drain } from "./drain.ts";
import { settingsOf, type Candidate, type DeployJob, type Detected } from "./job.ts";
import { probe } from "./probe.ts";
import { claimDomains, makeRelease, runHooks } from "./release.ts";
import { report } from "./reporter.ts";
import { retire } from "./retire.ts";
import { supervisorIsBack } from "./supervisor-is-back.ts";
import { sourceFiles } from "./source-files.ts";
import { start } from "./start.ts";
import { enqueue, inTurn } from "./turns.ts";
import { discardOrLeave, markFirstFailure, undoCandidate } from "./undo.ts";

/** Puts a received deploy into its app's line. */
export function enqueueDeploy(job: DeployJob, buildNumber: number): void {
  const giveUp = () => fail(job, buildNumber, job.underWay.canceled, "app.deploy");
  enqueue(job, () => runDeploy(job, buildNumber), giveUp);
}

/** The same for bringing back what an older release ran; `artifact` is asked for at its turn. */
export function enqueueRollback(job: DeployJob, artifact: () => Artifact): void {
  enqueue(
    job,
    () => runRollback(job, artifact),
    () => fail(job, null, job.underWay.canceled, "app.rollback"),
  );
}

/** Runs a received deploy to its end and never throws: the outcome is in the store, and its watchers are told. */
async function runDeploy(job: DeployJob, buildNumber: number): Promise<void> {
  const { platform, app, deploy } = job;
  try {
    await startDeploy(platform.store, app, deploy);
    const found = await step(job, "detect", async () => {
      const tree = platform.layout.buildTree(app, buildNumber);
      const detected = detect(sourceFiles(tree), platform.builders, platform.tools);
      const { plan, reason } = detected;
      return { result: detected, detail: plan.summary.includes(reason) ? plan.summary : `${plan.summary} (${reason})` };
    });
    await changeDeploy(platform.store, app, deploy, { summary: found.plan.summary });
    const artifact = await step(job, "build", async () => {
      await claimDomains(platform, app, found.spec.domains);
      const work = () => buildRecorded(job, buildNumber, found);
      // What only has to be sealed keeps nobody from building, and need not wait.
      const isLight = artifactSteps(found, found.plan).length === 0;
      return { result: await (isLight ? work() : inTurn(job, work)) };
    });
    const candidate = await activate(job, artifact, "deploy", true);
    await succeed(job, candidate, "app.deploy");
  } catch (thrown) {
    await fail(job, buildNumber, thrown, "app.deploy");
  }
}

/** Brings what an older release ran back, with the settings of the job. Never throws, as `runDeploy`. */
async function runRollback(job: DeployJob, artifact: () => Artifact): Promise<void> {
  try {
    await startDeploy(job.platform.store, job.app, job.deploy);
    await succeed(job, await activate(job, artifact(), "rollback", false), "app.rollback");
  } catch (thrown) {
    await fail(job, null, thrown, "app.rollback");
  }
}

type Recorded = "app.deploy" | "app.rollback";

async function succeed(job: DeployJob, { artifact, release }: Candidate, action: Recorded): Promise<void> {
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

async function buildRecorded(job: DeployJob, number: number, found: Detected): Promise<Artifact> {
  const { platform, app, by } = job;
  const row = { recordVersion: 1, builder: found.builder.name, summary: found.plan.summary, createdBy: by };
  await createBuild(platform.store, app, row, number);
  const made = await build(job, number, found);
  job.underWay.goOn();
  await endBuild(platform.store, app, number, "succeeded");
  return made;
}

/** From an artifact to a release that serves; used by deploys and by changes of configuration. */
export async function activate(
  job: DeployJob,
  artifact: Artifact,
  reason: ReleaseReason,
  withHooks: boolean,
): Promise<Candidate> {
  const { platform, app, deploy, by } = job;
  let candidate: Candidate | undefined;
  let live = false;
  try {
    const made = await step(job, "release", async () => {
      // The deploy knows the number before anything bears it, so that whoever finds it half done knows what to remove.
      const number = await nextRelease(platform.store, app);
      await changeDeploy(platform.store, app, deploy, { release: number });
      candidate = { release: number, artifact, replaces: null, hasProcesses: false };
      const one = await makeRelease(platform, artifact, number, {
        reason,
        summary: job.summary ?? artifact.summary,
        by,
        settings: await settingsOf(job),
      });
      candidate = one;
      await platform.fault("within:release");
      if (withHooks) await runHooks(job, one);
      return { result: one, detail: `v${one.release}` };
    });
    if (made.hasProcesses) {
      const status = await step(job, "start", async () => ({
        result: await start(platform, made, job.underWay.signal),
      }));
      await step(job, "probe", async () => ({ result: await probe(job, made, status) }));
    } else {
      await skip(job, "start", "no process: the edge serves it");
      await skip(job, "probe", "no process");
    }
    // Before the journal says so: what has a row of the cut-over may be live, and is never taken back.
    job.underWay.commit();
    await step(job, "cut-over", async () => {
      // From the supervisor's answer on, this release is the live one, whatever else may fail.
      live = true;
      return { result: await cutOver(platform, made) };
    });
    await tidy(job, "drain", () => drain(platform, made));
    await tidy(job, "retire", () => retire(platform, app));
    return made;
  } catch (thrown) {
    if (candidate !== undefined) {
      const isUp = live && (await isLive(platform, candidate));
      if (!isUp || (await cutBack(platform, candidate))) await undoCandidate(platform, app, candidate.release);
    }
    throw thrown;
  }
}

/** Runs one step between its two journal rows, and tells the watchers. */
async function step<Result>(
  job: DeployJob,
  name: DeployStep,
  work: () => Promise<{ readonly result: Result; readonly detail?: string }>,
): Promise<Result> {
  job.underWay.goOn();
  const ref = await beginStep(job.platform.store, job.app, job.deploy, name);
  await report(job.platform, job, "step", { name, state: "started" });
  try {
    await job.platform.fault(`before:${name}`);
    const { result, detail } = await work();
    job.underWay.goOn();
    await job.platform.fault(`after:${name}`);
    await endStep(job.platform.store, ref, "done");
    await report(job.platform, job, "step", { name, state: "done", ...(detail === undefined ? {} : { detail }) });
    return result;
  } catch (thrown) {
    const isCanceled = job.underWay.canceled !== undefined || toAppError(thrown).code === "CANCELED";
    await endStep(job.platform.store, ref, isCanceled ? "canceled" : "failed");
    await report(job.platform, job, "step", { name, state: "failed" });
    throw thrown;
  }
}

/** The new release serves already: what cannot be cleaned up now is cleaned up by the next deploy, and is said. */
async function tidy(job: DeployJob, name: DeployStep, work: () => Promise<void>): Promise<void> {
  try {
    await step(job, name, async () => ({ result: await work() }));
  } catch (thrown) {
    if (job.platform.stopping.aborted) throw thrown;
    job.platform.log.warn("a deploy could not clean up", {
      app: job.app,
      deploy: job.deploy,
      step: name,
      error: thrown,
    });
  }
}

async function skip(job: DeployJob, name: DeployStep, detail: string): Promise<void> {
  await report(job.platform, job, "step", { name, state: "skipped", detail });
}

/** `build` is the one that the deploy made; null when it made none. */
async function fail(job: DeployJob, build: number | null, thrown: unknown, action: Recorded): Promise<void> {
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
