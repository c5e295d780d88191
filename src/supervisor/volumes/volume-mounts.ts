/** A release's volumes as its walls show them: at their places beside the builds, where the links in its tree lead. */
import { totalmem } from "node:os";
import type { AppLimits, ProcessLimits, WholeLimits } from "#core/app-limits.ts";
import type { Layout } from "#core/layout.ts";
import { aboveMemory, leastMemory, type VolumeSpec } from "#core/volume.ts";
import { Refusal } from "../refusal.ts";
import type { Mount } from "../walls/argv.ts";
import { bindSource } from "./bind-source.ts";

/** To be asked right before the start: a `bind` is looked at anew. Throws a Refusal for one that may not be had. */
export function volumeMounts(layout: Layout, bindList: string, app: string, volumes: readonly VolumeSpec[]): Mount[] {
  return volumes.map((volume) => {
    const path = layout.volume(app, volume.name);
    if (volume.type === "tmpfs") return { path, bytes: volume.bytes };
    const writable = volume.mode === "rw";
    if (volume.type === "persist") return { path, from: path, writable };
    const found = bindSource(bindList, layout, volume.source);
    if ("refused" in found) throw new Refusal("invalid", `Its volume ${volume.name}: ${found.refused}`);
    return { path, from: found.path, writable };
  });
}

/** Throws a Refusal when these volumes may take all that a process has of memory, which is the host's where nothing is said. */
export function requireMemory(volumes: readonly VolumeSpec[], { memory = totalmem() }: ProcessLimits): void {
  const tooMuch = aboveMemory(volumes, memory);
  if (tooMuch !== undefined) throw new Refusal("invalid", tooMuch);
}

/** Why a release could not have this volume of its now; undefined when it could. */
export function refusedVolume(
  of: { readonly layout: Layout; readonly bindVolumes: string; readonly ceiling: WholeLimits },
  app: string,
  { limits, volumes }: { readonly limits: AppLimits; readonly volumes: readonly VolumeSpec[] },
  volume: VolumeSpec,
): string | undefined {
  try {
    if (volume.type === "tmpfs") requireMemory(volumes, { memory: leastMemory(limits, of.ceiling) ?? totalmem() });
    volumeMounts(of.layout, of.bindVolumes, app, [volume]);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}
