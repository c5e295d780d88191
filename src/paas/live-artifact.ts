/** What the release that serves was made of. */
import { getApp } from "#store/apps.ts";
import { getRelease } from "#store/releases.ts";
import { readArtifact, type Artifact } from "./artifact.ts";
import type { Platform } from "./platform.ts";

/** Undefined before the first release. Throws CONFLICT when its build is gone. */
export async function liveArtifact(
  { store, layout }: Pick<Platform, "store" | "layout">,
  app: string,
): Promise<Artifact | undefined> {
  const live = (await getApp(store, app))?.liveRelease ?? null;
  const release = live === null ? undefined : await getRelease(store, app, live);
  return release === undefined ? undefined : readArtifact(layout, app, release.build);
}
