/**
 * Releases as a user sees them, and the way back to one. A rollback is a new release of an old build with the variables that
 * the old release carried: nothing is built, no hook is run, no data is touched, and domains stay as they are.
 */
import { existsSync, readFileSync } from "node:fs";
import type { Actor } from "#core/actor.ts";
import { pageOf, type Page, type PageQuery } from "#core/api/page.ts";
import type { ReleaseDetails, ReleaseDiff, ReleaseSummary } from "#core/api/releases.ts";
import { AppError } from "#core/errors.ts";
import type { CronSpec, ReleaseRecord } from "#core/records.ts";
import { volumeText } from "#core/volume.ts";
import { createDeploy } from "#store/deploys.ts";
import { readEnv } from "#store/env.ts";
import { listReleases as releaseRows, type Release } from "#store/releases.ts";
import { artifactPath, readArtifact } from "./artifact.ts";
import type { DeployJob } from "./deploy/job.ts";
import { enqueueRollback } from "./deploy/pipeline.ts";
import type { Platform } from "./platform.ts";
import { readSettings } from "./release-settings.ts";
import { requireApp } from "./require-app.ts";
import { volumeView } from "./volume-view.ts";

/** Rows that are looked at: releases that never served are among them. */
const lookedAt = 500;

/** The newest first. Throws APP_NOT_FOUND, INVALID_INPUT. */
export async function listReleases(platform: Platform, app: string, page: PageQuery): Promise<Page<ReleaseSummary>> {
  const { liveRelease } = await requireApp(platform, app);
  const { items, next } = pageOf(await served(platform, app), page, ({ number }) => number);
  return { items: items.map((row) => summary(platform, row, liveRelease)), next };
}

/** Throws APP_NOT_FOUND, NOT_FOUND. */
export async function showRelease(platform: Platform, app: string, number: number): Promise<ReleaseDetails> {
  const { liveRelease } = await requireApp(platform, app);
  const row = await requireRelease(platform, app, number);
  const settings = readSettings(platform, app, number);
  const { processes, cron = [], volumes = [] } = readRecord(platform, row);
  return {
    app,
    ...summary(platform, row, liveRelease),
    restores: settings?.restores ?? null,
    processes: Object.entries(processes).map(([type, { command }]) => ({ type, command })),
    cron: cron.map(({ name, schedule, timeZone, command }) => ({ name, schedule, timezone: timeZone, command })),
    volumes: volumes.map(volumeView),
    variables: (settings?.variables ?? []).map(({ name }) => name).toSorted(),
  };
}

/** Names and commands only: no value of a variable leaves this function. Throws APP_NOT_FOUND, NOT_FOUND. */
export async function diffReleases(platform: Platform, app: string, from: number, to: number): Promise<ReleaseDiff> {
  await requireApp(platform, app);
  const [a, b] = [await requireRelease(platform, app, from), await requireRelease(platform, app, to)];
  const commands = (row: Release) =>
    new Map(Object.entries(readRecord(platform, row).processes).map(([type, { command }]) => [type, command]));
  const jobs = (row: Release) => new Map((readRecord(platform, row).cron ?? []).map((job) => [job.name, jobText(job)]));
  const volumes = (row: Release) =>
    new Map((readRecord(platform, row).volumes ?? []).map((one) => [one.name, volumeText(one)]));
  const values = (row: Release) =>
    new Map(readSettings(platform, app, row.number)?.variables.map(({ name, value }) => [name, value]));
  return {
    app,
    from,
    to,
    build: a.build === b.build ? null : { from: a.build, to: b.build },
    processes: differences(commands(a), commands(b)).map(([type, was, is]) => ({
      type,
      from: was ?? null,
      to: is ?? null,
    })),
    cron: differences(jobs(a), jobs(b)).map(([name, was, is]) => ({ name, from: was ?? null, to: is ?? null })),
    volumes: differences(volumes(a), volumes(b)).map(([name, was, is]) => ({
      name,
      from: was ?? null,
      to: is ?? null,
    })),
    variables: differences(values(a), values(b)).map(([name, was, is]) => ({
      name,
      change: was === undefined ? "added" : is === undefined ? "removed" : "changed",
    })),
  };
}

function jobText({ schedule, timeZone, command, overlap, timeout }: CronSpec): string {
  return `${schedule} ${timeZone}, ${overlap}, ${timeout} s: ${command}`;
}

export type Rollback = { readonly deploy: number; readonly restores: number };

/**
 * Takes its place in the app's line and answers; what follows is a deploy to follow. Without `wanted`, the release that
 * served before, or before the one that the live release has brought back. Throws APP_NOT_FOUND, NO_RELEASE, NOT_FOUND,
 * CONFLICT (it serves already, or its build is gone).
 */
export async function beginRollback(
  platform: Platform,
  app: string,
  wanted: number | undefined,
  by: Actor,
): Promise<Rollback> {
  const { liveRelease } = await requireApp(platform, app);
  if (liveRelease === null) throw new AppError("NO_RELEASE", `${app} has no release to go back from.`);
  const target =
    wanted === undefined ? await before(platform, app, liveRelease) : await requireRelease(platform, app, wanted);
  const restores = target.number;
  if (restores === liveRelease) throw new AppError("CONFLICT", `Release ${restores} of ${app} serves already.`);
  if (!isRestorable(platform, target)) {
    const others = (await served(platform, app)).filter(
      (row) => row.number !== liveRelease && isRestorable(platform, row),
    );
    throw new AppError("CONFLICT", `The build of release ${restores} of ${app} is not kept any more.`, {
      hint:
        others.length === 0
          ? "Deploy the older code again."
          : `These can be brought back: ${others.map(({ number }) => number).join(", ")}.`,
    });
  }
  const summaryText = `rollback to release ${restores}`;
  const { number: deploy } = await createDeploy(platform.store, app, {
    summary: summaryText,
    createdBy: by.name,
    origin: by,
  });
  // A release of an older Hop3 carries none: then the variables stay as they are.
  const variables = readSettings(platform, app, restores)?.variables;
  const settings = { variables: variables ?? (await readEnv(platform.store, app, platform.masterKey)), restores };
  const underWay = platform.deploys.add(app, deploy, false);
  underWay.needsBuild = target.build;
  const job: DeployJob = {
    platform,
    app,
    deploy,
    by,
    summary: summaryText,
    settings,
    underWay,
    logLength: () => 0,
  };
  enqueueRollback(job, () => readArtifact(platform.layout, app, target.build));
  return { deploy, restores };
}

/** The one that served before `live`, past those that it has gone back over. */
async function before(platform: Platform, app: string, live: number): Promise<Release> {
  const from = readSettings(platform, app, live)?.restores ?? live;
  const found = (await served(platform, app)).find(({ number }) => number < from);
  if (found === undefined) throw new AppError("NOT_FOUND", `${app} has no release older than ${from}.`);
  return found;
}

/** A release that never served was undone, and its record with it. */
async function served(platform: Platform, app: string): Promise<Release[]> {
  const rows = await releaseRows(platform.store, app, lookedAt);
  return rows.filter(({ number }) => existsSync(platform.layout.releaseRecord(app, number)));
}

async function requireRelease(platform: Platform, app: string, number: number): Promise<Release> {
  const found = (await served(platform, app)).find((row) => row.number === number);
  if (found !== undefined) return found;
  throw new AppError("NOT_FOUND", `${app} has no release ${number} that served.`, {
    hint: `\`hop3 release list --app ${app}\` shows them.`,
  });
}

function summary(platform: Platform, row: Release, live: number | null): ReleaseSummary {
  const { number, reason, build, createdAt, createdBy } = row;
  return {
    release: number,
    reason,
    summary: row.summary,
    build,
    createdAt,
    createdBy,
    live: number === live,
    restorable: isRestorable(platform, row),
  };
}

function isRestorable({ layout }: Platform, { app, build }: Release): boolean {
  return existsSync(artifactPath(layout, app, build)) && existsSync(layout.buildTree(app, build));
}

function readRecord({ layout }: Platform, { app, number }: Release): ReleaseRecord {
  return JSON.parse(readFileSync(layout.releaseRecord(app, number), "utf8")) as ReleaseRecord;
}

/** By name, what is not the same on both sides. */
function differences(
  from: ReadonlyMap<string, string>,
  to: ReadonlyMap<string, string>,
): (readonly [name: string, from: string | undefined, to: string | undefined])[] {
  return [...new Set([...from.keys(), ...to.keys()])]
    .toSorted()
    .map((name) => [name, from.get(name), to.get(name)] as const)
    .filter(([, was, is]) => was !== is);
}
