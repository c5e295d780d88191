/**
 * Removes what an app's past has left: builds that no rollback is kept for, records and outputs that are old, and rows of
 * both. Only what nothing refers to goes (references.ts). Runs in the app's line, so that no deploy begins meanwhile; each
 * removal is a rename, so that whoever dies leaves either all of a thing or nothing, and the next run goes on.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { deleteBuild, listBuilds } from "#store/builds.ts";
import { forgetDeploys } from "#store/deploys.ts";
import { deleteRelease, listReleases } from "#store/releases.ts";
import type { Platform } from "../platform.ts";
import { keeping, keptBuilds, keptOutputs, type Keeping } from "./kept.ts";
import { referencesOf, type References } from "./references.ts";
import { discard } from "./trash.ts";

export type Collecting = Pick<
  Platform,
  "layout" | "store" | "supervisor" | "deploys" | "stopping" | "exec" | "queue" | "log" | "clock" | "fault"
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
  for (const number of records.filter((one) => !stay.has(one))) await discard(platform, layout.release(app, number));
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
  const { layout, clock } = platform;
  const outputs = builds.map((build) => ({
    build,
    bytes: statSync(layout.buildLog(app, build), { throwIfNoEntry: false })?.size ?? 0,
    age: clock.now() - (statSync(layout.build(app, build), { throwIfNoEntry: false })?.mtimeMs ?? 0),
  }));
  const told = keptOutputs(outputs, limits);
  for (const build of builds.filter((one) => !kept.has(one))) {
    await discard(platform, told.has(build) ? layout.buildTree(app, build) : layout.build(app, build));
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

/** The newest first; empty when there is no such directory. */
function numbersIn(directory: string): number[] {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  return names
    .map(Number)
    .filter((number) => Number.isSafeInteger(number))
    .toSorted((a, b) => b - a);
}
