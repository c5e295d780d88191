/**
 * Step 7, cut over: the point of no return. The supervisor makes the release live (slots, and its desired state) in one
 * step; what follows here only makes files, store and edge say the same, and may be repeated.
 */
import { existsSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { AppError, toAppError, type ErrorCode } from "#core/errors.ts";
import { setAppState } from "#store/apps.ts";
import { addDomain } from "#store/domains.ts";
import { listReleases, setLive, type Release } from "#store/releases.ts";
import { needsSupervisor, readArtifact } from "../artifact.ts";
import { applySettings } from "../release-settings.ts";
import { staticLink } from "../static-link.ts";
import { syncEdge } from "../edge.ts";
import type { Platform } from "../platform.ts";
import { hasEndedWell } from "../ended-well.ts";
import { supervisorStatuses } from "../supervisor-status.ts";
import type { Candidate } from "./job.ts";
import { instanceWords } from "./start.ts";
import { storeIsBack } from "./store-is-back.ts";
import { supervisorIsBack } from "./supervisor-is-back.ts";

/** Tries of what must not fail, and milliseconds between them. */
const tries = 5;
const pause = 500;

/** Releases that are looked at for the one that served before, past those that never did. */
const lookedAt = 500;

/** Seconds for every process of the release to be known as ready. */
const settling = 10;

export async function cutOver(platform: Platform, candidate: Candidate): Promise<void> {
  const { app } = candidate.artifact;
  if (candidate.isSupervised) {
    try {
      // At once, but for a supervisor that has just taken the release over from one that died.
      const waiting = { app, release: candidate.release, timeout: settling };
      await platform.supervisor.call("app.await", waiting, { signal: platform.stopping });
      await platform.supervisor.call("app.cutover", { app, release: candidate.release }, { signal: platform.stopping });
    } catch (thrown) {
      // The answer may have been lost with a supervisor that had done it already.
      if (!(await isLive(platform, candidate))) throw await refusal(platform, candidate, thrown);
    }
  }
  await platform.fault("within:cut-over");
  await repeatedly(platform, app, [], () => recordLive(platform, candidate));
}

/** The supervisor refuses what is not up any more: then the user hears that it ended, with its last words. */
async function refusal(platform: Platform, { artifact, release }: Candidate, thrown: unknown): Promise<unknown> {
  if (!(thrown instanceof AppError && thrown.code === "CONFLICT")) return thrown;
  const { instances = [] } = (await supervisorStatuses(platform)).get(artifact.app) ?? {};
  const ended = instances.find(
    (one) => one.release === release && one.state !== "ready" && one.lastExit !== null && !hasEndedWell(one),
  );
  if (ended === undefined) return thrown;
  const message = `The process ${ended.type}.${ended.index} ended (${ended.lastExit}) before it could serve.`;
  return new AppError("APP_EXITED", message, { details: await instanceWords(platform, artifact.app, ended) });
}

/**
 * What fails past the point of no return (a full disk, an edge that restarts) gets some seconds to pass, and what has one
 * of the codes `waits` all the time it takes. So has a store that is away: there is no way back without it either.
 */
async function repeatedly(
  platform: Platform,
  app: string,
  waits: readonly ErrorCode[],
  work: () => Promise<void>,
): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await storeIsBack(platform, { app }, work);
    } catch (thrown) {
      const isWaitedFor = waits.includes(toAppError(thrown).code);
      if ((tried >= tries && !isWaitedFor) || platform.stopping.aborted) throw thrown;
      if (tried === tries)
        platform.log.error("a deploy cannot be taken back yet; trying again", { app, error: thrown });
      await platform.clock.sleep(pause, platform.stopping);
    }
  }
}

/**
 * The other way, while the old release is still up: when store or edge would not follow, the app is as it was before the
 * deploy, which after a first one is an app that has never served.
 */
export async function cutBack(platform: Platform, { artifact, release, isSupervised }: Candidate): Promise<void> {
  const { app } = artifact;
  const before = await storeIsBack(platform, { app }, () => servedBefore(platform, app, release));
  const wasSupervised = before !== undefined && needsSupervisor(readArtifact(platform.layout, app, before.build));
  const options = { signal: platform.stopping };
  if (wasSupervised) await platform.supervisor.call("app.cutover", { app, release: before.number }, options);
  else if (isSupervised) await platform.supervisor.call("app.forget", { app }, options);
  // Whoever gave up here would leave a store that says the other one, and its instances running.
  await repeatedly(platform, app, ["DISK_FULL", "UNAVAILABLE"], () => recordBack(platform, app, release));
}

/** Files, store and edge say of the app what they said before this release. May be repeated, and is by recovery. */
export async function recordBack(platform: Platform, app: string, release: number): Promise<void> {
  const before = await servedBefore(platform, app, release);
  if (before !== undefined) {
    const artifact = readArtifact(platform.layout, app, before.build);
    return recordLive(platform, { artifact, release: before.number });
  }
  rmSync(staticLink(platform.layout, app), { recursive: true, force: true });
  // Domains that the app has claimed stay its own.
  await setLive(platform.store, app, null);
  await syncEdge(platform);
}

/** The newest release below this one that served: one that never did was undone, and its record with it. */
async function servedBefore(platform: Platform, app: string, release: number): Promise<Release | undefined> {
  const rows = await listReleases(platform.store, app, lookedAt);
  return rows.find(({ number }) => number < release && existsSync(platform.layout.releaseRecord(app, number)));
}

/** What the supervisor says is what counts; one that is gone is waited for. */
export async function isLive(platform: Platform, { artifact, release, isSupervised }: Candidate): Promise<boolean> {
  if (!isSupervised) return true;
  await supervisorIsBack(platform);
  const { apps } = await platform.supervisor.call("status", {}, { signal: platform.stopping });
  return apps.find(({ app }) => app === artifact.app)?.live === release;
}

/** The part after the point of no return; repeated by recovery. */
export async function recordLive(
  platform: Platform,
  { artifact, release }: Pick<Candidate, "artifact" | "release">,
): Promise<void> {
  const { app, build } = artifact;
  replaceLink(staticLink(platform.layout, app), platform.layout.buildTree(app, build));
  for (const domain of artifact.domains) await addDomain(platform.store, app, domain);
  await setLive(platform.store, app, release);
  await setAppState(platform.store, app, "running");
  await syncEdge(platform);
  // Last: what is taken back before leaves the variables as they were.
  await applySettings(platform, app, release);
}

/** A link is replaced by rename: whoever opens a file through it sees the old tree or the new one. */
function replaceLink(link: string, target: string): void {
  mkdirSync(link.slice(0, link.lastIndexOf("/")), { recursive: true, mode: 0o755 });
  const present = (() => {
    try {
      return readlinkSync(link);
    } catch {
      return undefined;
    }
  })();
  if (present === target) return;
  const draft = `${link}.${process.pid}.new`;
  // One that an earlier try has left behind would be in the way of every later one.
  rmSync(draft, { force: true });
  symlinkSync(target, draft);
  renameSync(draft, link);
}
