/**
 * Step 7, cut over: the point of no return. The supervisor makes the release live (slots, and its desired state) in one
 * step; what follows here only makes files, store and edge say the same, and may be repeated.
 */
import { mkdirSync, readlinkSync, renameSync, symlinkSync } from "node:fs";
import { setAppState } from "#store/apps.ts";
import { addDomain } from "#store/domains.ts";
import { setLive } from "#store/releases.ts";
import { staticLink } from "../static-link.ts";
import { syncEdge } from "../edge.ts";
import type { Platform } from "../platform.ts";
import type { Candidate } from "./job.ts";

export async function cutOver(platform: Platform, candidate: Candidate): Promise<void> {
  const { app } = candidate.artifact;
  if (candidate.hasProcesses) {
    await platform.supervisor.call("app.cutover", { app, release: candidate.release }, { signal: platform.stopping });
  }
  await recordLive(platform, candidate);
}

/** The part after the point of no return; repeated by recovery. */
export async function recordLive(platform: Platform, { artifact, release }: Candidate): Promise<void> {
  const { app, build } = artifact;
  replaceLink(staticLink(platform.layout, app), platform.layout.buildTree(app, build));
  for (const domain of artifact.domains) await addDomain(platform.store, app, domain);
  await setLive(platform.store, app, release);
  await setAppState(platform.store, app, "running");
  await syncEdge(platform);
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
  symlinkSync(target, draft);
  renameSync(draft, link);
}
