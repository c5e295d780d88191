/** The steps of a deploy in its journal: a row before and after each, and what its watchers are told. */
import type { DeployStep } from "#core/api/deploys.ts";
import { toAppError } from "#core/errors.ts";
import { beginStep, endStep, type StepOutcome, type StepRef } from "#store/deploy-steps.ts";
import type { DeployJob } from "./job.ts";
import { report } from "./reporter.ts";
import { storeIsBack } from "./store-is-back.ts";

/** Runs one step between its two journal rows, and tells the watchers. */
export async function step<Result>(
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
    const state = { name, state: "done", ...(detail === undefined ? {} : { detail }) } as const;
    // What serves is not taken back because a row of the journal could not be written.
    const written = (row: () => Promise<void>) => (name === "cut-over" ? storeIsBack(job.platform, job, row) : row());
    await written(() => endStep(job.platform.store, ref, "done"));
    await written(() => report(job.platform, job, "step", state));
    return result;
  } catch (thrown) {
    const isCanceled = job.underWay.canceled !== undefined || toAppError(thrown).code === "CANCELED";
    await recordFailed(job, ref, name, isCanceled ? "canceled" : "failed");
    throw thrown;
  }
}

/** Never throws: why the step has failed says more than that it could not be written down. */
async function recordFailed(job: DeployJob, ref: StepRef, name: DeployStep, outcome: StepOutcome): Promise<void> {
  const { platform, app, deploy } = job;
  try {
    await endStep(platform.store, ref, outcome);
    await report(platform, job, "step", { name, state: "failed" });
  } catch (error) {
    platform.log.warn("the end of a step could not be recorded", { app, deploy, step: name, error });
  }
}

/**
 * The new release serves already: what cannot be cleaned up now is cleaned up by the next deploy, and is said. A store that
 * is away is waited for, and the step done again: what left half way would else go on running.
 */
export async function tidy(job: DeployJob, name: DeployStep, work: () => Promise<void>): Promise<void> {
  try {
    await storeIsBack(job.platform, job, () => step(job, name, async () => ({ result: await work() })));
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

export async function skip(job: DeployJob, name: DeployStep, detail: string): Promise<void> {
  await report(job.platform, job, "step", { name, state: "skipped", detail });
}
