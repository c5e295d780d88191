/** A change of variables is a release like any other: started, probed and cut over to, or nothing of it stays. */
import type { Actor } from "#core/actor.ts";
import { toAppError } from "#core/errors.ts";
import { createDeploy, startDeploy, endDeploy } from "#store/deploys.ts";
import type { EnvInput } from "#store/env.ts";
import type { Artifact } from "./artifact.ts";
import { activate } from "./deploy/pipeline.ts";
import type { Platform } from "./platform.ts";

/**
 * A release of the same build with these variables, of which `changed` are not what they were; journaled like a deploy. To be
 * called at the app's turn in its line. Answers its number; throws what a deploy throws, and then all is as it was.
 */
export async function releaseConfig(
  platform: Platform,
  artifact: Artifact,
  by: Actor,
  variables: readonly EnvInput[],
  changed: readonly string[],
): Promise<number> {
  const { app } = artifact;
  const summary = `environment: ${changed.join(", ")}`;
  const { number: deploy } = await createDeploy(platform.store, app, { summary, createdBy: by.name, origin: by });
  await startDeploy(platform.store, app, deploy);
  const settings = { variables, restores: null };
  const underWay = platform.deploys.add(app, deploy, false);
  const job = { platform, app, deploy, by, summary, settings, underWay, logLength: () => 0 };
  try {
    const { release } = await activate(job, artifact, "config", false);
    await endDeploy(platform.store, app, deploy, "succeeded");
    return release;
  } catch (thrown) {
    underWay.settle();
    const error = underWay.canceled ?? toAppError(thrown);
    if (!platform.stopping.aborted) {
      const told = { code: error.code, message: error.message, hint: error.hint, details: error.details };
      await endDeploy(platform.store, app, deploy, underWay.canceled === undefined ? "failed" : "canceled", told);
    }
    throw error;
  } finally {
    underWay.end();
  }
}
