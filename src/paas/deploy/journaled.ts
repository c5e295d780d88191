/** The steps of a deploy in its journal: a row before and after each, and what its watchers are told. */
import type { DeployStep } from "#core/api/deploys.ts";
import { toAppError } from "#core/errors.ts";
import { beginStep, endStep } from "#store/deploy-steps.ts";
import type { DeployJob } from "./job.ts";
import { report } from "./reporter.ts";

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
export async function tidy(job: DeployJob, name: DeployStep, work: () => Promise<void>): Promise<void> {
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

export async function skip(job: DeployJob, name: DeployStep, detail: string): Promise<void> {
  await report(job.platform, job, "step", { name, state: "skipped", detail });
}
