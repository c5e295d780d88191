/**
 * Instances of the live release replaced by new ones of the same release: started beside, probed as a deploy probes, and
 * only then put in their places; the old ones drain. What fails before that leaves the old ones serving.
 */
import { AppError, toAppError } from "#core/errors.ts";
import { listApps } from "#store/apps.ts";
import type { AppStatus } from "#supervisor/protocol.ts";
import type { Artifact } from "./artifact.ts";
import { probe } from "./deploy/probe.ts";
import { startFailure, startSlack } from "./deploy/start.ts";
import { supervisorIsBack } from "./deploy/supervisor-is-back.ts";
import type { Platform } from "./platform.ts";
import { supervisorStatuses } from "./supervisor-status.ts";

export type Live = { readonly release: number; readonly artifact: Artifact };
export type Place = { readonly type: string; readonly index: number };

/** All at once: for a moment twice as many run. Throws APP_EXITED, APP_NOT_LISTENING, APP_UNHEALTHY. */
export async function renewAll(platform: Platform, live: Live): Promise<void> {
  await renew(platform, live, undefined);
}

/** One after the other: one more than before runs at a time. Stops at the first that fails; throws as above. */
export async function renewEach(platform: Platform, live: Live): Promise<void> {
  const status = (await supervisorStatuses(platform)).get(live.artifact.app);
  for (const { type, index } of places(status)) await renew(platform, live, { type, index });
}

/** Whose places are to be kept: those that leave already have none. */
function places(status: AppStatus | undefined): Place[] {
  const leaves = new Set(["draining", "stopping", "killing", "gone"]);
  return (status?.instances ?? [])
    .filter(({ release, proven, state }) => release === status?.live && proven && !leaves.has(state))
    .toSorted((a, b) => (a.type === b.type ? a.index - b.index : a.type < b.type ? -1 : 1));
}

async function renew(platform: Platform, live: Live, place: Place | undefined): Promise<void> {
  const { release, artifact } = live;
  const { app, spec } = artifact;
  const { supervisor, stopping, limits } = platform;
  const options = { signal: stopping };
  const failure = (status: AppStatus) => startFailure(platform, app, release, spec.startTimeout, status);
  try {
    const args = { app, timeout: spec.startTimeout + startSlack, ...(place === undefined ? {} : { place }) };
    const { ready, status } = await supervisor.call("app.renew", args, options);
    if (!ready) throw await failure(status);
    if (status.instances.length === 0) return; // all its types are scaled to 0
    const underWay = { signal: stopping, goOn: () => stopping.throwIfAborted() };
    await probe({ platform, app, underWay }, live, status);
    await platform.fault("before:swap");
    await supervisor.call("app.swap", { app, drain: limits.drainSeconds }, options).catch(async (thrown: unknown) => {
      if (!(thrown instanceof AppError && thrown.code === "CONFLICT")) throw thrown;
      const now = (await supervisorStatuses(platform)).get(app);
      const fresh = (now?.instances ?? []).filter(({ proven }) => !proven);
      throw now === undefined || fresh.length === 0 ? thrown : await failure({ ...now, instances: fresh });
    });
  } catch (thrown) {
    // A supervisor that died over it ends them by itself, and so does the next hop3d.
    if (!stopping.aborted) await supervisor.call("app.unrenew", { app }, options).catch(() => undefined);
    throw thrown;
  }
}

/** Milliseconds before what failed is tried again. */
const pause = 1000;

/**
 * What a predecessor has left of unfinished renewals is ended. To be called before requests are taken: it has its place in
 * each app's line then. `done` resolves when that is so.
 */
export async function dropRenewals(platform: Platform): Promise<{ readonly done: Promise<void> }> {
  const served = (await listApps(platform.store)).filter(({ liveRelease }) => liveRelease !== null);
  const statuses = firstStatuses(platform);
  const dropped = served.map(({ name }) =>
    platform.queue.run(name, async () => {
      const status = (await statuses).get(name);
      const isFresh = status?.instances.some(({ release, proven }) => release === status.live && !proven);
      if (isFresh === true) await untilDropped(platform, name);
    }),
  );
  return { done: Promise.all(dropped).then(() => undefined) };
}

/** None when hop3d is asked to stop before the supervisor has answered. */
async function firstStatuses(platform: Platform): Promise<ReadonlyMap<string, AppStatus>> {
  while (!platform.stopping.aborted) {
    try {
      await supervisorIsBack(platform);
      return await supervisorStatuses(platform);
    } catch {
      await platform.clock.sleep(pause, platform.stopping).catch(() => undefined);
    }
  }
  return new Map();
}

async function untilDropped(platform: Platform, app: string): Promise<void> {
  while (!platform.stopping.aborted) {
    try {
      // Its health command first: nobody else of this app runs a job while this has its line.
      await platform.supervisor.call("job.cancel", { app }, { signal: platform.stopping });
      await platform.supervisor.call("app.unrenew", { app }, { signal: platform.stopping });
      return platform.log.info("ended new instances of an interrupted restart", { app });
    } catch (thrown) {
      if (platform.stopping.aborted) return;
      platform.log.error("an interrupted restart could not be ended; trying again", { app, error: toAppError(thrown) });
    }
    await platform.clock.sleep(pause, platform.stopping).catch(() => undefined);
  }
}
