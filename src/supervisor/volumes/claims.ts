/**
 * A directory of the server is one app's that writes there, or of any number that only read it: what is claimed is told by
 * the releases that serve, start or still run, so that no claim outlives its app, and none is lost.
 */
import { realpathSync } from "node:fs";
import { overlaps, type VolumeSpec } from "#core/volume.ts";
import type { Apps } from "../apps.ts";
import { Refusal } from "../refusal.ts";

type Bind = Extract<VolumeSpec, { readonly type: "bind" }>;

/** A sentence when another app's claim stands in the way of one of these. */
export function claimedByAnother(apps: Apps, app: string, volumes: readonly VolumeSpec[]): string | undefined {
  const wanted = volumes.filter(isBind);
  if (wanted.length === 0) return undefined;
  for (const other of apps.names()) {
    if (other === app) continue;
    const claims = bindsOf(apps, other);
    for (const volume of wanted) {
      const claim = claims.find((one) => excludes(one, volume));
      if (claim === undefined) continue;
      const how = claim.mode === "rw" ? "writes" : "reads";
      return `Its volume ${volume.name}: ${volume.source} cannot be bound: the app ${other} ${how} there. Several may only read.`;
    }
  }
  return undefined;
}

function bindsOf(apps: Apps, app: string): Bind[] {
  const { live, groups, instances } = apps.known(app);
  const releases = new Set([...groups, ...instances].map(({ release }) => release));
  if (live !== null) releases.add(live);
  return [...releases].flatMap((release) => {
    try {
      return (apps.release(app, release).volumes ?? []).filter(isBind);
    } catch (error) {
      // Its record is gone or no record: then it cannot be started, and what it ran cannot be told.
      if (error instanceof Refusal) return [];
      throw error;
    }
  });
}

function excludes(claim: Bind, wanted: Bind): boolean {
  return (claim.mode === "rw" || wanted.mode === "rw") && overlaps(realPath(claim.source), realPath(wanted.source));
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // it is not there now
  }
}

function isBind(volume: VolumeSpec): volume is Bind {
  return volume.type === "bind";
}
