/** Step 9, retire: trees that no recent release runs are removed; records and logs of builds stay small and stay. */
import { listReleases } from "#store/releases.ts";
import { listBuilds } from "#store/builds.ts";
import type { Platform } from "../platform.ts";
import { removeTree } from "./tree.ts";

/** Releases whose builds are kept, the live one among them. */
const keptReleases = 5;

export async function retire(platform: Platform, app: string): Promise<void> {
  const releases = await listReleases(platform.store, app, keptReleases);
  const kept = new Set(releases.map(({ build }) => build));
  const newest = Math.max(0, ...kept);
  for (const { number } of await listBuilds(platform.store, app)) {
    if (kept.has(number) || number > newest) continue;
    await removeTree(platform.layout.build(app, number), platform.exec);
  }
}
