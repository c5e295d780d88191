/** What was done to an app, and what happened to it. */
import type { AppEvent } from "#core/api/events.ts";
import { lastEvents } from "#store/events.ts";
import type { Platform } from "./platform.ts";
import { requireApp } from "./require-app.ts";

/** The last ones, the oldest first. Of an earlier app of this name nothing is told. Throws APP_NOT_FOUND. */
export async function appEvents(platform: Pick<Platform, "store">, app: string, count: number): Promise<AppEvent[]> {
  const { createdAt } = await requireApp(platform, app);
  const found = await lastEvents(platform.store, { app }, count);
  return found
    .filter(({ at }) => at >= createdAt)
    .map(({ seq, at, actor, action, target, outcome, details }) => ({
      seq,
      at,
      actor,
      action,
      target,
      outcome,
      details,
    }));
}
