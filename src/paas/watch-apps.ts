/** Looks at all apps now and then, once for all who write down what has changed: crash loops, and limits that were reached. */
import { listApps } from "#store/apps.ts";
import type { Platform } from "./platform.ts";
import { supervisorStatuses } from "./supervisor-status.ts";
import { crashWatch } from "./watch-crashes.ts";
import { limitWatch } from "./watch-limits.ts";

/** Milliseconds between two looks: the shortest wait in a crash loop is longer. */
const every = 10_000;

type Watched = Pick<Platform, "supervisor" | "store" | "clock" | "log" | "stopping">;

/** Runs until hop3d stops; never rejects. */
export async function watchApps(platform: Watched): Promise<void> {
  const { clock, log, stopping } = platform;
  const look = appWatch(platform);
  while (!stopping.aborted) {
    await look().catch((error: unknown) => {
      if (!stopping.aborted) log.warn("crash loops, and limits that were reached, could not be looked for", { error });
    });
    await clock.sleep(every, stopping).catch(() => undefined);
  }
}

/** One look. Rejects with the first that failed, after all were tried. */
export function appWatch(platform: Pick<Watched, "supervisor" | "store" | "stopping">): () => Promise<void> {
  const { store } = platform;
  const watches = [crashWatch(store), limitWatch(store)];
  return async () => {
    const statuses = await supervisorStatuses(platform);
    const apps = (await listApps(store)).map(({ name }) => name);
    const failures: unknown[] = [];
    for (const watch of watches) await watch({ apps, statuses }).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
}
