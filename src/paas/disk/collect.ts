/**
 * Removes what an app's past has left: builds that no rollback is kept for, records and outputs that are old, and rows of
 * both. Only what nothing refers to goes (references.ts). Runs in the app's line, so that no deploy begins meanwhile. A tree
 * is removed by the supervisor, whole or not at all, whoever dies over it; the next run goes on.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { AppError } from "#core/errors.ts";
import { deleteBuild, listBuilds } from "#store/builds.ts";
import { forgetDeploys } from "#store/deploys.ts";
import { deleteRelease, listReleases } from "#store/releases.ts";
import type { Platform } from "../platform.ts";
import { keeping, keptBuilds, keptOutputs, type Keeping } from "./kept.ts";
import { referencesOf, type References } from "./references.ts";

export type Collecting = Pick<
  Platform,
  "layout" | "store" | "supervisor" | "deploys" | "stopping" | "queue" | "log" | "clock" | "fault"
>;

/** Rows that are looked at; what is beyond is found when these are gone. */
const lookedAt = 10_000;

/** To be called in the app's line. Throws UNAVAILABLE when the supervisor does not answer, and then removes nothing. */
export async function collect(platform: Collecting, app: string, limits: Keeping = keeping): Promise<void> {
  const { layout, store, clock, log } = platform;
  // The disk first: whatever is found there was written down before it was made, and so is found below.
  const builds = numbersIn(`${layout.app(app)}/builds`);
  const records = numbersIn(`${layout.app(app)}/releases`);
  const rows = await listReleases(store, app, lookedAt);
  const needed = await referencesOf(platform, app, rows);
  if (needed === undefined) {
    log.warn("nothing is removed of an app: a release runs that the store does not know", { app });
    return;
  }
  const now = clock.now();
  const served = rows
    .filter(({ number }) => existsSync(layout.releaseRecord(app, number)))
    .map((row) => ({ ...row, createdAt: Date.parse(row.createdAt) }));
  const kept = keptBuilds(served, now, limits).union(needed.builds);
  await platform.fault("before:collect");
  await removeBuilds(platform, app, builds, kept, limits);
  await platform.fault("within:collect");
  const young = served.filter(({ createdAt }, index) => index < limits.records && now - createdAt < limits.recordAge);
  const stay = new Set([
    ...needed.releases,
    ...young.map(({ number }) => number),
    ...served.filter(({ build }) => kept.has(build)).map(({ number }) => number),
  ]);
  for (const number of records.filter((one) => !stay.has(one))) {
    await rm(layout.release(app, number), { recursive: true, force: true });
  }
  // Rows of deploys that failed have no record: the newest of them stay like the others.
  for (const { number } of rows.slice(limits.records)) if (!stay.has(number)) await deleteRelease(store, app, number);
  for (const { number } of served) if (!stay.has(number)) await deleteRelease(store, app, number);
  await removeBuildRows(platform, app, needed, limits);
  await forgetDeploys(store, app, limits.deploys, new Date(now - limits.recordAge).toISOString());
}

async function removeBuilds(
  platform: Collecting,
  app: string,
  builds: readonly number[],
  kept: ReadonlySet<number>,
  limits: Keeping,
): Promise<void> {
  const { layout, clock, supervisor, stopping, log } = platform;
  const outputs = builds.map((build) => ({
    build,
    bytes: statSync(layout.buildLog(app, build), { throwIfNoEntry: false })?.size ?? 0,
    age: clock.now() - (statSync(layout.build(app, build), { throwIfNoEntry: false })?.mtimeMs ?? 0),
  }));
  const told = keptOutputs(outputs, limits);
  for (const build of builds.filter((one) => !kept.has(one))) {
    const keepOutput = told.has(build);
    // Of most nothing is left but what they have said.
    if (keepOutput && !hasTree(layout, app, build)) continue;
    await supervisor.call("build.remove", { app, build, keepOutput }, { signal: stopping }).catch((error: unknown) => {
      if (error instanceof AppError && error.code === "UNAVAILABLE") throw error;
      // One that cannot be removed keeps no other.
      log.warn("a build could not be removed; it will be tried again", { app, build, error });
    });
  }
}

async function removeBuildRows(
  { store, layout }: Collecting,
  app: string,
  needed: References,
  { records }: Keeping,
): Promise<void> {
  const used = new Set((await listReleases(store, app, lookedAt)).map(({ build }) => build));
  for (const { number } of (await listBuilds(store, app, lookedAt)).slice(records)) {
    const isNeeded = used.has(number) || needed.builds.has(number) || existsSync(layout.build(app, number));
    if (!isNeeded) await deleteBuild(store, app, number);
  }
}

function hasTree(layout: Collecting["layout"], app: string, build: number): boolean {
  return [layout.buildTree, layout.buildRemains, layout.buildTemporary].some((path) => existsSync(path(app, build)));
}

/** The newest first; empty when there is no such directory. */
function numbersIn(directory: string): number[] {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  return names
    .map(Number)
    .filter((number) => Number.isSafeInteger(number))
    .toSorted((a, b) => b - a);
}
