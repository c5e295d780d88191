/**
 * Writes down in the log of events when a process gets into a crash loop, is given up, and is out of it again. What it
 * knows is what that log says last, so a hop3d that starts says nothing twice.
 */
import { platformActor } from "#core/actor.ts";
import { appendEvent, lastEvent } from "#store/events.ts";
import type { Store } from "#store/db.ts";
import type { CrashLoop } from "#core/api/apps.ts";
import { crashLoops } from "./crash-loop.ts";
import type { Seen } from "./supervisor-status.ts";

const action = "app.crash-loop";

/** How it stands, as an event's outcome. */
type Standing = "restarting" | "given-up" | "over";

/** One look, and the writing down of what has changed since the one before. */
export function crashWatch(store: Store): (seen: Seen) => Promise<void> {
  /** By app and process; what is not in it is asked of the log of events. */
  const known = new Map<string, Standing>();
  const standingOf = async (app: string, process: string): Promise<Standing> => {
    const last = known.get(`${app} ${process}`) ?? (await lastEvent(store, { app, action, target: process }))?.outcome;
    return last === "restarting" || last === "given-up" ? last : "over";
  };
  return async ({ apps, statuses }) => {
    const names = new Set(apps);
    for (const key of known.keys()) if (!names.has(key.split(" ")[0] ?? "")) known.delete(key);
    for (const app of apps) {
      const loops = new Map(crashLoops(statuses.get(app)).map((loop) => [loop.process, loop]));
      const before = [...known.keys()].filter((key) => key.startsWith(`${app} `)).map((key) => key.split(" ")[1] ?? "");
      const running = (statuses.get(app)?.instances ?? []).map(({ type, index }) => `${type}.${index}`);
      for (const process of new Set([...loops.keys(), ...before, ...running])) {
        const loop = loops.get(process);
        const now: Standing = loop === undefined ? "over" : loop.givenUp ? "given-up" : "restarting";
        if ((await standingOf(app, process)) !== now) {
          await appendEvent(store, {
            actor: platformActor,
            action,
            app,
            target: process,
            outcome: now,
            details: detailsOf(loop),
          });
        }
        known.set(`${app} ${process}`, now);
      }
    }
  };
}

function detailsOf(loop: CrashLoop | undefined): Record<string, unknown> {
  return loop === undefined ? {} : { restarts: loop.restarts, lastExit: loop.lastExit };
}
