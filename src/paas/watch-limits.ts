/**
 * Writes down in the log of events when the kernel ends a process of an app because its memory is used up, and when an app is
 * held for its files, and is not any more. Memory that was used up while no hop3d looked is in the supervisor's log alone.
 */
import { platformActor } from "#core/actor.ts";
import type { Store } from "#store/db.ts";
import { appendEvent, lastEvent } from "#store/events.ts";
import type { AppStatus } from "#supervisor/protocol.ts";
import type { Seen } from "./supervisor-status.ts";

/** One look, and the writing down of what has changed since the one before. */
export function limitWatch(store: Store): (seen: Seen) => Promise<void> {
  /** By instance; undefined before the first look. */
  let counts: ReadonlyMap<string, number> | undefined;

  async function memory(app: string, { instances }: AppStatus): Promise<void> {
    for (const { id, type, index, outOfMemory, lastExit } of instances) {
      const processes = outOfMemory - (counts?.get(id) ?? 0);
      if (counts === undefined || processes <= 0) continue;
      const target = `${type}.${index}`;
      const details = { processes, lastExit };
      await appendEvent(store, {
        actor: platformActor,
        action: "app.out-of-memory",
        app,
        target,
        outcome: "ended",
        details,
      });
    }
  }

  async function disk(app: string, { held }: AppStatus): Promise<void> {
    const action = "app.held";
    const was = (await lastEvent(store, { app, action, target: "disk" }))?.outcome ?? "free";
    const outcome = held === undefined ? "free" : "held";
    if (was === outcome) return;
    const details = held === undefined ? {} : { reason: held };
    await appendEvent(store, { actor: platformActor, action, app, target: "disk", outcome, details });
  }

  return async ({ apps, statuses }) => {
    for (const name of apps) {
      const status = statuses.get(name);
      if (status === undefined) continue;
      await memory(name, status);
      await disk(name, status);
    }
    const instances = [...statuses.values()].flatMap((status) => status.instances);
    counts = new Map(instances.map(({ id, outOfMemory }) => [id, outOfMemory]));
  };
}
