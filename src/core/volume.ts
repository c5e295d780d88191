/**
 * Volumes: directories of an app that its builds and releases do not replace. What their names and places may be is said
 * here once, for the app's file and for the supervisor, which believes no record.
 */

import { sizeText, type AppLimits, type WholeLimits } from "./app-limits.ts";

export const volumeTypes = ["persist", "tmpfs", "bind"] as const;

/** What the app may do there. */
export const volumeModes = ["rw", "ro"] as const;

export type VolumeSpec = {
  /** Unique in the app: what is kept is found by it. */
  readonly name: string;
  /** Where the app sees it: in an AppSpec relative to the app's folder, in an artifact and a record to the tree. */
  readonly target: string;
  readonly mode: (typeof volumeModes)[number];
} & (
  | { readonly type: "persist" }
  /** Memory of the app's, gone with the process: `bytes` of it at most, for each instance. */
  | { readonly type: "tmpfs"; readonly bytes: number }
  /** A directory of the host's; absolute. */
  | { readonly type: "bind"; readonly source: string }
);

/** Most volumes of an app. */
export const volumesMax = 32;

/** Smallest tmpfs, in MiB. */
export const tmpfsLeast = 1;

/** In a build's tree: what was shipped where a volume is seen, a directory by the volume's name. Uploads leave `.hop3` out. */
export const shippedVolumes = ".hop3/volumes";

const volumeName = /^[a-z][a-z0-9_-]{0,31}$/;
const part = /^[A-Za-z0-9._@+-]{1,128}$/;
const targetMax = 256;
const sourceMax = 1024;

/** 1 to 32 lowercase letters, digits, hyphens and underscores; a letter first. */
export function isVolumeName(name: string): boolean {
  return volumeName.test(name);
}

/**
 * The target without `.` and empty parts, or undefined when it is none: it must lie inside the app, not be all of it, nor be
 * where Hop3 keeps what was shipped. Letters are ASCII, for one that looks like another is another path.
 */
export function volumeTarget(path: string): string | undefined {
  if (path.startsWith("/")) return undefined;
  const parts = path.split("/").filter((one) => one !== "" && one !== ".");
  if (parts.length === 0 || parts[0] === ".hop3" || !parts.every(isPart)) return undefined;
  const target = parts.join("/");
  return target.length <= targetMax ? target : undefined;
}

/** True for an absolute path without `.`, `..` and empty parts, below the root. */
export function isBindSource(path: string): boolean {
  const [first, ...parts] = path.split("/");
  return first === "" && path.length <= sourceMax && parts.length > 0 && parts.every(isPart);
}

/** True when one is the other, or lies inside it. */
export function overlaps(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`);
}

/** Why it cannot be had where apps stand behind no walls, which alone could hold them to it; undefined when it can. */
export function withoutWalls({ name, type, mode }: VolumeSpec): string | undefined {
  if (type === "persist" && mode === "rw") return undefined;
  return `The volume ${name} is ${type === "persist" ? "read-only" : `a ${type}`}, which needs system mode.`;
}

/** What the tmpfs volumes may take must be less than the app has; a sentence when it is not. `memory` in bytes. */
export function aboveMemory(volumes: readonly VolumeSpec[], memory: number): string | undefined {
  const bytes = volumes.reduce((sum, volume) => sum + (volume.type === "tmpfs" ? volume.bytes : 0), 0);
  if (bytes === 0 || bytes < memory) return undefined;
  return `Its tmpfs volumes may take ${sizeText(bytes)} of memory, which is not less than the ${sizeText(memory)} that it has.`;
}

/** What the process of an app that may take the least of memory has, in bytes; undefined when none has a limit. */
export function leastMemory({ app, types }: AppLimits, ceiling: WholeLimits): number | undefined {
  const all = [ceiling, app, ...Object.values(types)].flatMap(({ memory }) => memory ?? []);
  return all.length === 0 ? undefined : Math.min(...all);
}

/** For people: what it is, where, and how: `/srv/media at media, read-only`. */
export function volumeText(volume: {
  readonly type: VolumeSpec["type"];
  readonly target: string;
  readonly mode: VolumeSpec["mode"];
  readonly bytes?: number | null;
  readonly source?: string | null;
}): string {
  const { type, target, mode, bytes, source } = volume;
  const what = { persist: "kept", tmpfs: `${sizeText(bytes ?? 0)} of memory`, bind: source ?? "" };
  return `${what[type]} at ${target}${mode === "ro" ? ", read-only" : ""}`;
}

function isPart(one: string): boolean {
  return part.test(one) && one !== "." && one !== "..";
}
