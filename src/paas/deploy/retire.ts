/**
 * Step 9, retire: trees that no recent release runs are removed. What a failed deploy has said stays as long as the builds
 * around it; records of releases are small and stay.
 */
import { existsSync, readdirSync } from "node:fs";
import { dirname } from "node:path";
import { listReleases } from "#store/releases.ts";
import type { Platform } from "../platform.ts";
import { removeTree } from "./tree.ts";

/** Releases whose builds are kept, the live one among them. */
const keptReleases = 5;

/** How far back they are looked for, past deploys that failed. */
const lookedAt = 500;

export async function retire(
  { store, layout, exec }: Pick<Platform, "store" | "layout" | "exec">,
  app: string,
): Promise<void> {
  const kept = (await listReleases(store, app, lookedAt))
    // A release that never served was undone, and its record with it: it takes no place from one that did.
    .filter(({ number }) => existsSync(layout.releaseRecord(app, number)))
    .slice(0, keptReleases)
    .map(({ build }) => build);
  if (kept.length === 0) return;
  const [oldest, newest] = [Math.min(...kept), Math.max(...kept)];
  // From the disk and not from the store: a build that was missed once is found by the next deploy.
  for (const number of readdirSync(dirname(layout.build(app, oldest))).map(Number)) {
    if (kept.includes(number) || !(number < newest)) continue;
    await removeTree(number < oldest ? layout.build(app, number) : layout.buildTree(app, number), exec);
  }
}
