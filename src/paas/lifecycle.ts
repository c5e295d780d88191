/** Start, stop, restart and reload of an app that has a release. */
import type { Actor } from "#core/actor.ts";
import type { AppSummary } from "#core/api/apps.ts";
import { AppError } from "#core/errors.ts";
import { setAppState } from "#store/apps.ts";
import { readEnv } from "#store/env.ts";
import { appendEvent } from "#store/events.ts";
import { appSummary } from "./apps.ts";
import { releaseConfig } from "./config-release.ts";
import { needsSupervisor } from "./artifact.ts";
import { requireApp } from "./require-app.ts";
import { startFailure } from "./deploy/start.ts";
import type { Platform } from "./platform.ts";
import { liveArtifact } from "./live-artifact.ts";
import { readSettings } from "./release-settings.ts";
import { renewAll, renewEach, type Live } from "./renew.ts";
import { supervisorStatuses } from "./supervisor-status.ts";
import { differingVariables } from "./variables.ts";

/**
 * With the variables that were set while it was stopped, which takes a release that carries them; when that one fails, the
 * app stays stopped. Throws NO_RELEASE, APP_EXITED, APP_NOT_LISTENING, and with such a release what a deploy throws.
 */
export function startApp(platform: Platform, app: string, by: Actor): Promise<AppSummary> {
  return change(platform, app, by, "app.start", async ({ release, artifact }) => {
    const variables = await readEnv(platform.store, app, platform.masterKey);
    // A release of an older Hop3 does not say what it carries: then what there is may be new.
    const changed = differingVariables(readSettings(platform, app, release)?.variables ?? [], variables);
    if (changed.length > 0) return void (await releaseConfig(platform, artifact, by, variables, changed));
    const { startTimeout } = artifact.spec;
    const options = { signal: platform.stopping };
    const { ready, status } = await platform.supervisor.call("app.resume", { app, timeout: startTimeout }, options);
    await setAppState(platform.store, app, "running");
    if (!ready) throw await startFailure(platform, app, release, startTimeout, status);
  });
}

/** The app stays stopped until it is started or deployed. Throws NO_RELEASE. */
export function stopApp(platform: Platform, app: string, by: Actor): Promise<AppSummary> {
  return change(platform, app, by, "app.stop", async () => {
    await platform.supervisor.call("app.stop", { app }, { signal: platform.stopping });
    await setAppState(platform.store, app, "stopped");
  });
}

/**
 * New instances first, all at once; they take over when each is sound, and the old ones are drained. Throws NO_RELEASE,
 * CONFLICT (stopped), APP_EXITED, APP_NOT_LISTENING, APP_UNHEALTHY.
 */
export function restartApp(platform: Platform, app: string, by: Actor): Promise<AppSummary> {
  return change(platform, app, by, "app.restart", (live) => renewAll(platform, live));
}

/** As a restart, one instance after the other. What was replaced before one has failed stays. */
export function reloadApp(platform: Platform, app: string, by: Actor): Promise<AppSummary> {
  return change(platform, app, by, "app.reload", async (live) => {
    await refuseStopped(platform, app);
    await renewEach(platform, live);
  });
}

/**
 * What waits for its restart, has ended for good or was given up is tried again at once; nobody waits for it. Throws
 * NO_RELEASE, CONFLICT (stopped).
 */
export function resetRestarts(platform: Platform, app: string, by: Actor): Promise<AppSummary> {
  return change(platform, app, by, "app.reset-restarts", async () => {
    await refuseStopped(platform, app);
    await platform.supervisor.call("app.reset", { app }, { signal: platform.stopping });
  });
}

async function refuseStopped(platform: Platform, app: string): Promise<void> {
  if ((await supervisorStatuses(platform)).get(app)?.stopped !== true) return;
  throw new AppError("CONFLICT", `${app} is stopped.`, { hint: "`hop3 app start` starts it." });
}

async function change(
  platform: Platform,
  app: string,
  by: Actor,
  action: string,
  work: (live: Live) => Promise<void>,
): Promise<AppSummary> {
  await requireApp(platform, app);
  return platform.queue.run(app, async () => {
    const { liveRelease } = await requireApp(platform, app);
    const artifact = await liveArtifact(platform, app);
    if (artifact === undefined || liveRelease === null) throw new AppError("NO_RELEASE", `${app} has no release yet.`);
    if (!needsSupervisor(artifact)) {
      throw new AppError("CONFLICT", `${app} is served by the edge and has no processes.`, {
        hint: "`hop3 app destroy` removes it.",
      });
    }
    await work({ release: liveRelease, artifact });
    await appendEvent(platform.store, { actor: by, action, app, outcome: "ok" });
    return appSummary(platform, app);
  });
}
