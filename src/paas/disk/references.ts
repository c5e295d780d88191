/** Which builds and releases of an app something still needs, asked of everybody who could. */
import { readlinkSync } from "node:fs";
import { isNodeError } from "#core/errors.ts";
import { getApp } from "#store/apps.ts";
import { unfinishedDeploys } from "#store/deploys.ts";
import type { Release } from "#store/releases.ts";
import type { Platform } from "../platform.ts";
import { staticLink } from "../static-link.ts";
import { supervisorStatuses } from "../supervisor-status.ts";

export type References = { readonly builds: ReadonlySet<number>; readonly releases: ReadonlySet<number> };

/**
 * Undefined when it cannot be told, because something runs that the store knows nothing of: then nothing may be removed.
 * Throws UNAVAILABLE when the supervisor does not answer.
 */
export async function referencesOf(
  platform: Pick<Platform, "layout" | "store" | "supervisor" | "deploys" | "stopping">,
  app: string,
  rows: readonly Release[],
): Promise<References | undefined> {
  const { store, deploys } = platform;
  const journal = (await unfinishedDeploys(store)).filter((deploy) => deploy.app === app);
  const live = (await getApp(store, app))?.liveRelease ?? null;
  // Every instance counts: one that drains, or is kept running for a rollback, reads its tree like any other.
  const status = (await supervisorStatuses(platform)).get(app);
  const releases = new Set(
    [
      live,
      status?.live ?? null,
      ...(status?.instances ?? []).map(({ release }) => release),
      ...journal.map(({ release }) => release),
    ].filter((number) => number !== null),
  );
  const buildOf = new Map(rows.map(({ number, build }) => [number, build]));
  const needed = [...releases].map((release) => buildOf.get(release));
  // A deploy writes its number down before it makes the release: that one may have no row yet, and no process.
  const unknown = [...releases].filter((number) => !buildOf.has(number));
  if (unknown.some((number) => !journal.some(({ release }) => release === number))) return undefined;
  const builds = [
    ...needed,
    ...journal.map(({ build }) => build),
    ...deploys.of(app).map(({ needsBuild }) => needsBuild),
    linkedBuild(platform, app),
  ];
  return { releases, builds: new Set(builds.filter((build) => build !== null && build !== undefined)) };
}

/** The build whose files the edge serves. */
function linkedBuild({ layout }: Pick<Platform, "layout">, app: string): number | undefined {
  try {
    const found = /\/builds\/(\d+)\/tree$/.exec(readlinkSync(staticLink(layout, app)))?.[1];
    return found === undefined ? undefined : Number(found);
  } catch (error) {
    if (isNodeError(error) && error.code === "ENOENT") return undefined;
    throw error;
  }
}
