/** What the audit log is told of a deploy that recovery has finished; who made it had no time to. */
import type { Actor } from "#core/actor.ts";
import { appendEvent } from "#store/events.ts";
import { getRelease, listReleases } from "#store/releases.ts";
import type { Platform } from "../platform.ts";
import { readSettings } from "../release-settings.ts";
import { differingVariables } from "../variables.ts";

export async function recordRecovered(
  platform: Platform,
  app: string,
  deploy: number,
  release: number,
  actor: Actor,
): Promise<void> {
  const { store } = platform;
  const reason = (await getRelease(store, app, release))?.reason;
  // A rollback brings variables back; whoever changed them was recorded then.
  const changed = reason === "rollback" ? [] : await changedBy(platform, app, release);
  if (changed.length > 0) {
    const details = { changed, deploy };
    await appendEvent(store, { actor, action: "app.env.change", app, outcome: "ok", details });
  }
  if (reason === "config") return;
  const action = reason === "rollback" ? "app.rollback" : "app.deploy";
  await appendEvent(store, { actor, action, app, target: `release ${release}`, outcome: "ok" });
}

/** Names of the user's variables that are not what they were in the release before, as far as that is kept. */
async function changedBy(platform: Platform, app: string, release: number): Promise<string[]> {
  const own = (number: number) =>
    readSettings(platform, app, number)?.variables.filter(({ source }) => source === "user");
  const rows = await listReleases(platform.store, app);
  // One that never served was undone, and has none.
  const before = rows.filter(({ number }) => number < release).find(({ number }) => own(number) !== undefined);
  return differingVariables(before === undefined ? [] : (own(before.number) ?? []), own(release) ?? []);
}
