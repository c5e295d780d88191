/** Apps: made, found, shown. */
import { unlink } from "node:fs/promises";
import type { Actor } from "#core/actor.ts";
import type { AppDetails, AppSummary } from "#core/api/apps.ts";
import { pageOf, type Page, type PageQuery } from "#core/api/page.ts";
import type { Instance } from "#core/api/processes.ts";
import { AppError, isNodeError } from "#core/errors.ts";
import { parseAppName, quote } from "#core/names.ts";
import { createApp, deleteApp, getApp, listApps as appRows, type App } from "#store/apps.ts";
import { listDeploys } from "#store/deploys.ts";
import { listAllDomains } from "#store/domains.ts";
import { appendEvent } from "#store/events.ts";
import { getRelease } from "#store/releases.ts";
import type { AppStatus } from "#supervisor/protocol.ts";
import { defaultDomain } from "./app-address.ts";
import { appState } from "./app-state.ts";
import { readArtifact } from "./artifact.ts";
import { deploySummary } from "./deploy/summary.ts";
import { crashLoops } from "./crash-loop.ts";
import { appDomains, refuseAdminDomain } from "./domains.ts";
import { liveArtifact } from "./live-artifact.ts";
import { appHostNotes, hostStatus } from "./host.ts";
import type { Platform } from "./platform.ts";
import { processViews } from "./processes.ts";
import { callAgain } from "./deploy/supervisor-is-back.ts";
import { requireApp } from "./require-app.ts";
import { isServed } from "./served.ts";
import { supervisorStatuses } from "./supervisor-status.ts";
import { staticLink } from "./static-link.ts";

/** The line in which an app is made and removed: held for moments only, where the app's own line is held by whole deploys. */
export function existenceLine(app: string): string {
  return `existence of ${app}`;
}

/** The row of an app, and what it has of the host from its first day. Throws APP_EXISTS, DOMAIN_TAKEN, UNAVAILABLE. */
export async function makeApp(platform: Platform, name: string, by: Actor): Promise<void> {
  const { store } = platform;
  const domain = defaultDomain(name, platform.baseDomain);
  refuseAdminDomain(platform, domain);
  const owner = (await listAllDomains(store)).find((row) => row.name === domain);
  if (owner !== undefined) {
    throw new AppError(
      "DOMAIN_TAKEN",
      `${domain}, the default domain of ${quote(name)}, belongs to the app ${owner.app}.`,
    );
  }
  await createApp(store, name, by.org);
  try {
    await callAgain(platform, "app.make", { app: name });
  } catch (error) {
    // What it has made is made whole when the app is made again.
    await deleteApp(store, name);
    throw error;
  }
  await appendEvent(store, { actor: by, action: "app.create", app: name, outcome: "ok" });
}

/** Makes an app without a deploy; one that is there stays as it is. Throws INVALID_APP_NAME, CONFLICT, DOMAIN_TAKEN, UNAVAILABLE. */
export async function createEmptyApp(platform: Platform, name: string, by: Actor): Promise<{ created: boolean }> {
  const app = parseAppName(name);
  return platform.queue.run(existenceLine(app), async () => {
    const found = await getApp(platform.store, app);
    if (found !== undefined && found.destroyedBy !== null) {
      throw new AppError("CONFLICT", `The app ${app} is being destroyed.`, { hint: "Try again when it is gone." });
    }
    if (found === undefined) await makeApp(platform, app, by);
    return { created: found === undefined };
  });
}

/** Removes what `makeApp` and everybody since have made on the disk. The supervisor must have forgotten it. */
export async function removeAppFiles(platform: Platform, app: string): Promise<void> {
  await platform.supervisor.call("app.remove", { app }, { signal: platform.stopping });
  await unlink(staticLink(platform.layout, app)).catch((error: unknown) => {
    if (!isNodeError(error) || error.code !== "ENOENT") throw error;
  });
}

/** Those that are seen, by name. Throws INVALID_INPUT. */
export async function listApps(
  platform: Platform,
  isSeen: (app: string) => boolean,
  page: PageQuery,
): Promise<Page<AppSummary>> {
  const seen = (await appRows(platform.store)).filter(({ name }) => isSeen(name));
  const { items, next } = pageOf(seen, page, ({ name }) => name);
  return { items: await summariesOf(platform, items, await supervisorStatuses(platform)), next };
}

export async function summaries(platform: Platform, statuses: ReadonlyMap<string, AppStatus>): Promise<AppSummary[]> {
  return summariesOf(platform, await appRows(platform.store), statuses);
}

function summariesOf(
  platform: Platform,
  apps: readonly App[],
  statuses: ReadonlyMap<string, AppStatus>,
): Promise<AppSummary[]> {
  return Promise.all(apps.map((app) => summary(platform, app, statuses.get(app.name))));
}

/** Throws APP_NOT_FOUND. */
export async function appSummary(platform: Platform, name: string): Promise<AppSummary> {
  const app = await requireApp(platform, name);
  return summary(platform, app, (await supervisorStatuses(platform)).get(name));
}

/** Throws APP_NOT_FOUND. */
export async function showApp(platform: Platform, name: string): Promise<AppDetails> {
  const app = await requireApp(platform, name);
  const status = (await supervisorStatuses(platform)).get(name);
  const [last] = await listDeploys(platform.store, name, 1);
  const release = app.liveRelease === null ? undefined : await getRelease(platform.store, name, app.liveRelease);
  const artifact = release === undefined ? undefined : readArtifact(platform.layout, name, release.build);
  const processes = await processViews(platform, name, status);
  const isScaledDown = processes.length > 0 && processes.every(({ count }) => count === 0);
  return {
    ...(await summary(platform, app, status)),
    createdAt: app.createdAt,
    builder: artifact?.builder ?? null,
    lastDeploy: last === undefined ? null : deploySummary(last),
    processes,
    notes: [
      ...(app.message === null ? [] : [app.message]),
      ...(isScaledDown ? ["It is scaled to 0: `hop3 ps scale` brings processes back."] : []),
      ...(status?.held === undefined ? [] : [heldNote(status.held)]),
      ...processes.flatMap(({ instances }) => instances.flatMap(memoryNote)),
      ...appHostNotes(await hostStatus(platform), artifact?.spec.limits),
    ],
  };
}

function heldNote(held: string): string {
  return `It was stopped for its files: ${held} \`hop3 run\` can remove some; then \`hop3 app start\` starts it, or a deploy that may have more.`;
}

/** Of one that goes on, too: it may have lost a child. */
function memoryNote({ name, outOfMemory }: Instance): string[] {
  if (outOfMemory === 0) return [];
  const times = outOfMemory === 1 ? "one process" : `${outOfMemory} processes`;
  return [`${name} has lost ${times} because memory was used up; \`[limits]\` says how much it may take.`];
}

async function summary(platform: Platform, app: App, status: AppStatus | undefined): Promise<AppSummary> {
  const release = app.liveRelease === null ? undefined : await getRelease(platform.store, app.name, app.liveRelease);
  // The list of all apps does not fail for one whose build is gone: it shows no address.
  const artifact = await liveArtifact(platform, app.name).catch(() => undefined);
  const domains = artifact !== undefined && isServed(artifact) ? await appDomains(platform, app.name) : [];
  return {
    app: app.name,
    state: appState(app, status, Object.keys(artifact?.processes ?? {}).length > 0),
    crashLoops: crashLoops(status),
    urls: domains.map(({ url }) => url),
    release: app.liveRelease,
    deployedAt: release?.createdAt ?? null,
  };
}
