/** A deploy as the API shows it. */
import { deployStep, type DeploySummary } from "#core/api/deploys.ts";
import { pageOfRows, readCursor, type Page, type PageQuery } from "#core/api/page.ts";
import { AppError } from "#core/errors.ts";
import { deployNotFound, getDeploy, listDeploys as deployRows, type Deploy } from "#store/deploys.ts";
import type { Platform } from "../platform.ts";
import { requireApp } from "../require-app.ts";

export function deploySummary(deploy: Deploy): DeploySummary {
  return {
    app: deploy.app,
    deploy: deploy.number,
    // Waiting in the app's line counts as running: the user has nothing to do about it.
    state: deploy.state === "queued" ? "running" : deploy.state,
    waits: deploy.state === "queued",
    step: deployStep.catch("receive").parse(deploy.step),
    startedAt: deploy.startedAt ?? deploy.createdAt,
    endedAt: deploy.endedAt,
    release: deploy.release,
    error: deploy.error === null ? null : { ...deploy.error, details: [...deploy.error.details] },
  };
}

/** Throws NOT_FOUND. */
export async function showDeploy(platform: Platform, app: string, number: number): Promise<DeploySummary> {
  if (number < 1) throw new AppError("NOT_FOUND", "Deploys are numbered from 1.");
  const deploy = await getDeploy(platform.store, app, number);
  if (deploy === undefined) throw deployNotFound(app, number);
  return deploySummary(deploy);
}

/** The newest first. Throws APP_NOT_FOUND, INVALID_INPUT. */
export async function listDeploys(platform: Platform, app: string, page: PageQuery): Promise<Page<DeploySummary>> {
  await requireApp(platform, app);
  // No deploy has a number that the databases' integers cannot hold.
  const before = Math.min(readCursor(page.cursor, "number") ?? numberMax, numberMax);
  const rows = await deployRows(platform.store, app, page.limit + 1, before);
  const { items, next } = pageOfRows(rows, page, ({ number }) => number);
  return { items: items.map(deploySummary), next };
}

const numberMax = 2 ** 31 - 1;
