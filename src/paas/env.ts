/** The environment of an app: shown with its sources, and changed all or nothing. A change makes a release. */
import type { Actor } from "#core/actor.ts";
import { AppError } from "#core/errors.ts";
import { readEnv, replaceEnv } from "#store/env.ts";
import { appendEvent } from "#store/events.ts";
import { appPlatformEnv } from "./app-env.ts";
import { requireApp } from "./require-app.ts";
import type { Artifact } from "./artifact.ts";
import { releaseConfig } from "./config-release.ts";
import { appDomains } from "./domains.ts";
import type { Platform } from "./platform.ts";
import { liveArtifact } from "./live-artifact.ts";
import { refuseReserved } from "./reserved-env.ts";
import { resolveEnv, type EnvSourceName } from "./resolve-env.ts";
import { changeVariables, type VariableChange } from "./variables.ts";

export type EnvView = {
  readonly name: string;
  readonly value: string;
  readonly source: EnvSourceName;
  readonly updatedAt: string | null;
};

/** Every variable that the app sees, by name. Values are secrets: the caller decides whether to show them. */
export async function appEnv(platform: Platform, app: string): Promise<EnvView[]> {
  await requireApp(platform, app);
  const artifact = (await liveArtifact(platform, app)) ?? nothingBuilt(app);
  const stored = await readEnv(platform.store, app, platform.masterKey);
  const domains = (await appDomains(platform, app)).map(({ domain }) => domain);
  const updated = new Map(stored.map(({ name, updatedAt }) => [name, updatedAt]));
  return [...resolveEnv({ artifact, stored, platform: appPlatformEnv(platform, app), domains })]
    .map(([name, { value, source }]) => ({ name, value, source, updatedAt: updated.get(name) ?? null }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

export type EnvChanged = { readonly changed: string[]; readonly release: number | null; readonly restarted: string[] };

/**
 * Makes a release with the new environment and cuts over to it; when that fails, the old environment and the old release
 * stay. Throws INVALID_INPUT (a name that the platform gives), NOT_FOUND (unset of nothing), and what a deploy throws.
 */
export async function changeEnv(
  platform: Platform,
  app: string,
  change: VariableChange,
  by: Actor,
): Promise<EnvChanged> {
  await requireApp(platform, app);
  for (const name of [...Object.keys(change.set), ...change.unset]) refuseReserved(name);
  return platform.queue.run(app, async () => {
    const { store, masterKey } = platform;
    const { liveRelease, state } = await requireApp(platform, app);
    const before = new Map((await readEnv(store, app, masterKey)).map((entry) => [entry.name, entry]));
    const missing = change.unset.filter((name) => !before.has(name));
    if (missing.length > 0) throw new AppError("NOT_FOUND", `${app} has no variable ${missing.join(", ")} of its own.`);
    const changed = [
      ...Object.keys(change.set).filter((name) => before.get(name)?.value !== change.set[name]),
      ...change.unset,
    ];
    if (changed.length === 0) return { changed: [], release: null, restarted: [] };
    const variables = changeVariables([...before.values()], change);
    const artifact = liveRelease === null || state === "stopped" ? undefined : await liveArtifact(platform, app);
    let release: number | null = null;
    // With the release that carries them, or at once where there is none to make: the store never has half of it. The start
    // of a stopped app makes it.
    if (artifact === undefined) await replaceEnv(store, app, variables, masterKey);
    else release = await releaseConfig(platform, artifact, by, variables, changed);
    await appendEvent(store, { actor: by, action: "app.env.change", app, outcome: "ok", details: { changed } });
    return {
      changed: changed.toSorted(),
      release,
      restarted: release === null ? [] : Object.keys(artifact?.processes ?? {}),
    };
  });
}

function nothingBuilt(
  app: string,
): Pick<Artifact, "app" | "env" | "path"> & { spec: Pick<Artifact["spec"], "env" | "envPolicy"> } {
  return { app, env: {}, path: [], spec: { env: [], envPolicy: "keep-existing" } };
}
