/**
 * The end of an app: its deploys are canceled, its processes ended, its routes, files and at last its row removed. It is
 * written down first, and from then on there is no way back: whoever dies over it, the next start of hop3d goes on.
 */
import type { Actor } from "#core/actor.ts";
import { AppError, toAppError } from "#core/errors.ts";
import { deleteApp, getApp, listApps, markDestroyed } from "#store/apps.ts";
import { appendEvent } from "#store/events.ts";
import { existenceLine, removeAppFiles } from "./apps.ts";
import { cancelForDestroy } from "./deploy/cancel.ts";
import { supervisorIsBack } from "./deploy/supervisor-is-back.ts";
import { removeRepository } from "./git/repository.ts";
import { syncEdge, untilEdgeInSync } from "./edge.ts";
import type { Platform } from "./platform.ts";
import { requireApp } from "./require-app.ts";
import { supervisorStatuses } from "./supervisor-status.ts";

const removed = ["processes", "routes", "environment", "releases and builds", "data", "volumes", "logs"];

/** Answers when nothing of it is left; `confirm` must be its name. Throws CONFIRMATION_NEEDED, APP_NOT_FOUND. */
export async function destroyApp(platform: Platform, name: string, confirm: string, by: Actor): Promise<string[]> {
  await requireApp(platform, name);
  if (confirm !== name) {
    throw new AppError("CONFIRMATION_NEEDED", `Destroying ${name} needs its name as confirmation.`, {
      hint: `Repeat with --confirm=${name}.`,
    });
  }
  // In its line, so that no upload is admitted later.
  await platform.queue.run(existenceLine(name), () => markDestroyed(platform.store, name, by));
  await platform.fault("destroy:marked");
  await cancelForDestroy(platform, name, by);
  await platform.queue.run(name, async () => {
    try {
      await remove(platform, name, by);
    } catch (thrown) {
      if (!(thrown instanceof AppError && thrown.code === "UNAVAILABLE")) throw thrown;
      // The supervisor or the edge died over it.
      await supervisorIsBack(platform);
      await untilEdgeInSync(platform);
      await remove(platform, name, by);
    }
  });
  return removed;
}

/** Each part may be repeated; the row goes last, so that what is interrupted is found again. */
async function remove(platform: Platform, app: string, by: Actor): Promise<void> {
  const options = { signal: platform.stopping };
  // Two may have asked.
  if ((await getApp(platform.store, app)) === undefined) return;
  await platform.supervisor.call("job.cancel", { app }, options);
  if ((await supervisorStatuses(platform)).has(app)) await platform.supervisor.call("app.forget", { app }, options);
  await platform.fault("destroy:ended");
  // The edge knows no app that is marked.
  await syncEdge(platform);
  await platform.fault("destroy:unrouted");
  await platform.queue.run(existenceLine(app), async () => {
    await removeAppFiles(platform, app);
    await removeRepository(platform.layout, app);
    await platform.fault("destroy:removed");
    await deleteApp(platform.store, app);
  });
  await appendEvent(platform.store, { actor: by, action: "app.destroy", app, outcome: "ok" });
}

/** Milliseconds before what failed is tried again. */
const pause = 5000;

/** What a predecessor has begun is brought to its end. To be called before requests are taken; `done` resolves at the end. */
export async function finishDestroys(platform: Platform): Promise<{ readonly done: Promise<void> }> {
  const finished = (await listApps(platform.store)).flatMap(({ name, destroyedBy }) =>
    destroyedBy === null ? [] : [untilRemoved(platform, name, destroyedBy)],
  );
  return { done: Promise.all(finished).then(() => undefined) };
}

/** In its line only while it is tried: whoever asks again gets a turn, and an answer. */
async function untilRemoved(platform: Platform, app: string, by: Actor): Promise<void> {
  while (!platform.stopping.aborted) {
    try {
      await platform.queue.run(app, async () => {
        await supervisorIsBack(platform);
        await remove(platform, app, by);
      });
      return platform.log.info("finished the interrupted end of an app", { app });
    } catch (thrown) {
      if (platform.stopping.aborted) return;
      platform.log.error("an app could not be removed; trying again", { app, error: toAppError(thrown) });
    }
    await platform.clock.sleep(pause, platform.stopping).catch(() => undefined);
  }
}
