/** Takes back what a candidate left that did not become live: its instances and its record. */
import { getApp, setAppState } from "#store/apps.ts";
import { getRelease, liveRelease } from "#store/releases.ts";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { Platform } from "../platform.ts";
import { supervisorStatuses } from "../supervisor-status.ts";
import { callAgain, supervisorIsBack } from "./supervisor-is-back.ts";

/** Safe to repeat; waits for a supervisor that is gone. */
export async function undoCandidate(platform: Platform, app: string, release: number): Promise<void> {
  await supervisorIsBack(platform);
  const { apps } = await platform.supervisor.call("status", {}, { signal: platform.stopping });
  const known = apps.find((each) => each.app === app);
  if (known?.instances.some((instance) => instance.release === release) === true) {
    await platform.supervisor.call("app.retire", { app, release, drain: 0, warm: 0 }, { signal: platform.stopping });
  }
  await rm(platform.layout.release(app, release), { recursive: true, force: true });
}

/** An app whose first deploy failed has nothing that runs. */
export async function markFirstFailure(platform: Platform, app: string): Promise<void> {
  const row = await getApp(platform.store, app);
  if (row !== undefined && row.liveRelease === null)
    await setAppState(platform.store, app, "failed", "No deploy has succeeded yet.");
}

/** What cannot be removed must not keep a deploy from its end: the next clean-up tries again. */
export async function discardOrLeave(platform: Platform, app: string, build: number): Promise<void> {
  await discardBuild(platform, app, build).catch((thrown: unknown) => {
    if (platform.stopping.aborted) throw thrown;
    platform.log.error("a build that came to nothing could not be removed", { app, build, error: thrown });
  });
}

/** Removes a build that came to nothing; what it has said stays for the user. */
export async function removeBuild(platform: Platform, app: string, build: number): Promise<void> {
  const { layout } = platform;
  if (!existsSync(layout.build(app, build))) return;
  const keepOutput = existsSync(layout.buildLog(app, build));
  await callAgain(platform, "build.remove", { app, build, keepOutput });
}

/** The same where no release runs of it. */
async function discardBuild(platform: Platform, app: string, build: number): Promise<void> {
  const live = await liveRelease(platform.store, app);
  if (live?.build === build) return;
  // The store learns of a cut-over after the supervisor, and may have failed to.
  await supervisorIsBack(platform);
  const up = (await supervisorStatuses(platform)).get(app)?.live ?? null;
  if (up !== null && (await getRelease(platform.store, app, up))?.build === build) return;
  await removeBuild(platform, app, build);
}
