/**
 * A deploy, from an uploaded tree to a release that serves: the table of contents. Each step is a file and has a row in
 * the journal before and after it. Up to cut-over everything can be undone and the old release never stopped serving;
 * from cut-over on everything can be repeated.
 *
 *   receive (begin.ts, while the upload runs) - detect - build - release - start - probe - cut over - drain - retire
 */
import { nextRelease } from "#store/apps.ts";
import { createBuild, endBuild } from "#store/builds.ts";
import { changeDeploy, startDeploy } from "#store/deploys.ts";
import type { ReleaseReason } from "#store/releases.ts";
import type { Artifact } from "../artifact.ts";
import { artifactSteps } from "./artifact-of.ts";
import { build } from "./build.ts";
import { cutBack, cutOver, isLive } from "./cut-over.ts";
import { detect } from "./detect.ts";
import { drain } from "./drain.ts";
import { fail, succeed } from "./ends.ts";
import { settingsOf, type Candidate, type DeployJob, type Detected } from "./job.ts";
import { skip, step, tidy } from "./journaled.ts";
import { probe } from "./probe.ts";
import { claimDomains, makeRelease, runHooks } from "./release.ts";
import { refuseNetworkless } from "./refuse-networkless.ts";
import { requireLimits } from "./require-limits.ts";
import { retire } from "./retire.ts";
import { sourceFiles } from "./source-files.ts";
import { start } from "./start.ts";
import { enqueue, inTurn } from "./turns.ts";
import { undoCandidate } from "./undo.ts";
import { makeVolumes, refuseVolumes } from "./volumes.ts";

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
      refuseNetworkless(platform, detected.spec);
      await refuseVolumes(platform, detected.spec);
      const { plan, reason } = detected;
      return { result: detected, detail: plan.summary.includes(reason) ? plan.summary : `${plan.summary} (${reason})` };
    });
    await changeDeploy(platform.store, app, deploy, { summary: found.plan.summary });
    const artifact = await step(job, "build", async () => {
      await claimDomains(platform, app, found.spec.domains);
      await requireLimits(platform, found.spec.limits);
      const work = () => buildRecorded(job, buildNumber, found);
      // What only has to be sealed keeps nobody from building, and need not wait.
      const isLight = artifactSteps(found, found.plan).length === 0;
      return { result: await (isLight ? work() : inTurn(job, work)) };
    });
    const candidate = await activate(job, artifact, "deploy", true);
    const { supervisor, stopping } = platform;
    const trim = supervisor.call("build.trim-cache", { app, build: buildNumber }, { signal: stopping });
    await trim.catch((error: unknown) => {
      platform.log.warn("the build cache could not be kept within its bound", { app, deploy, error });
    });
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

async function buildRecorded(job: DeployJob, number: number, found: Detected): Promise<Artifact> {
  const { platform, app, by } = job;
  const row = { recordVersion: 1, builder: found.builder.name, summary: found.plan.summary, createdBy: by.name };
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
      await requireLimits(platform, artifact.spec.limits);
      candidate = { release: number, artifact, replaces: null, isSupervised: false };
      const one = await makeRelease(platform, artifact, number, {
        reason,
        summary: job.summary ?? artifact.summary,
        by: by.name,
        settings: await settingsOf(job),
      });
      candidate = one;
      await platform.fault("within:release");
      await makeVolumes(job, one);
      if (withHooks) await runHooks(job, one);
      return { result: one, detail: `v${one.release}` };
    });
    if (made.isSupervised) {
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
      if (live && (await isLive(platform, candidate))) await cutBack(platform, candidate);
      await undoCandidate(platform, app, candidate.release);
    }
    throw thrown;
  }
}
