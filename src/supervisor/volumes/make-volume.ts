/**
 * Makes a volume of a release ready before anything of it runs. One that is kept comes into being once: filled from what
 * its build has shipped, beside its place, and then moved there whole; so what has its name has all of its first content,
 * whoever dies meanwhile, and is never filled again.
 */
import { closeSync, fsyncSync, renameSync } from "node:fs";
import type { ReleaseRecord } from "#core/records.ts";
import { shippedVolumes, withoutWalls, type VolumeSpec } from "#core/volume.ts";
import type { AppFiles } from "../app-files.ts";
import type { Apps } from "../apps.ts";
import type { DiskKeeper } from "../disk/keeper.ts";
import type { Jobs } from "../job.ts";
import { JobTail } from "../job-tail.ts";
import { releasedOf } from "../prepare.ts";
import type { JobResult, Verbs, VolumeResult } from "../protocol.ts";
import { Refusal } from "../refusal.ts";
import { openDirectory } from "../safe-path.ts";
import { claimedByAnother } from "./claims.ts";

export type VolumeContext = {
  readonly apps: Apps;
  readonly jobs: Jobs;
  readonly files: AppFiles;
  readonly disks: DiskKeeper | undefined;
};

/** Seconds for copying what was shipped. */
const timeout = 900;

/**
 * Takes a directory, and `copy` when its working directory is to be copied there. All of it is on the disk before it ends:
 * the move that follows might be there first. A tree is sealed, a volume is not.
 */
const fill = `
empty() { /bin/chmod -R u+rwX -- "$1" && /usr/bin/find "$1" -mindepth 1 -delete; }
empty "$1" || exit 1
[ "$2" = copy ] || exit 0
/bin/cp -a -- . "$1" && /bin/chmod -R u+rwX -- "$1" && /bin/chmod 700 -- "$1" && /bin/sync -f -- "$1" && exit 0
empty "$1"
exit 1`;

const done: JobResult = { exit: 0, timedOut: false, canceled: false, lost: false, seconds: 0 };

export async function makeVolume(
  { app, release, volume: index }: Verbs["release.volume"]["args"],
  context: VolumeContext,
): Promise<VolumeResult> {
  const record = context.apps.release(app, release);
  const volume = record.volumes?.[index];
  if (volume === undefined) throw new Refusal("unknown", `Release ${release} of ${app} has no volume ${index}.`);
  const refused = whyNot(context.apps, record, volume);
  if (refused !== undefined) return { ...done, refused, output: [] };
  if (volume.type !== "persist") return { ...done, refused: null, output: [] };
  const { disks } = context;
  await disks?.admitBuild(app, releasedOf(record).limits);
  const made = await keep(context, record, index, volume.name);
  // Who asked is told why it was ended, and not that it was canceled.
  const held = made.canceled ? (disks?.held(app) ?? null) : null;
  if (held !== null) throw new Refusal("disk", `The volume ${volume.name} was not filled: ${held}`);
  return { ...made, refused: null };
}

function whyNot(apps: Apps, record: ReleaseRecord, volume: VolumeSpec): string | undefined {
  const { system } = apps.options.run;
  if (system === undefined) return withoutWalls(volume);
  return system.refusesVolume(record.app, releasedOf(record), volume) ?? claimedByAnother(apps, record.app, [volume]);
}

type Kept = Omit<VolumeResult, "refused">;

async function keep(context: VolumeContext, record: ReleaseRecord, index: number, name: string): Promise<Kept> {
  const { layout, fault } = context.apps.options;
  const { app } = record;
  const isThere = (one: string): boolean => {
    const found = openIfThere(layout.apps, [app, "volumes", one]);
    if (found !== undefined) closeSync(found);
    return found !== undefined;
  };
  if (isThere(name)) return { ...done, output: [] };
  // No volume has a name that begins with a dot.
  const begun = `.${name}`;
  const isLeft = isThere(begun);
  context.files.makeVolume(app, begun);
  fault("volume-begun");
  const filled = await fillBegun(context, record, index, name, isLeft);
  if (filled.exit !== 0) return filled;
  fault("volume-filled");
  move(layout.apps, app, begun, name);
  fault("volume-made");
  return filled;
}

/** Copies what was shipped, or empties what an earlier try has left; as a job, so that it ends with its deploy and with us. */
async function fillBegun(
  { apps, jobs }: VolumeContext,
  record: ReleaseRecord,
  index: number,
  name: string,
  isLeft: boolean,
): Promise<Kept> {
  const { layout, run } = apps.options;
  const { app, release, build } = record;
  const from = `${shippedVolumes}/${name}`;
  const shipped = openIfThere(layout.apps, [app, "builds", String(build), "tree", ...from.split("/")]);
  if (shipped === undefined && !isLeft) return { ...done, output: [] };
  const begun = `.${name}`;
  const argv = ["/bin/sh", "-c", fill, "volume", layout.volume(app, begun), shipped === undefined ? "" : "copy"];
  const walls = run.system?.fill(app, releasedOf(record), begun, shipped === undefined ? "." : from);
  const command = { argv, env: { PATH: "/usr/bin:/bin", LC_ALL: "C" }, cwd: shipped ?? null, walls };
  const output = new JobTail();
  const openOutput = (): JobTail => output;
  const result = await jobs.start({ app, kind: "volume", number: release, index, command, timeout, openOutput });
  return { ...result, output: output.lines };
}

function move(root: string, app: string, from: string, to: string): void {
  const volumes = openDirectory(root, [app, "volumes"]);
  try {
    renameSync(`/proc/self/fd/${volumes}/${from}`, `/proc/self/fd/${volumes}/${to}`);
    fsyncSync(volumes);
  } finally {
    closeSync(volumes);
  }
}

/** Throws a Refusal for what is no directory. */
function openIfThere(root: string, parts: readonly string[]): number | undefined {
  try {
    return openDirectory(root, parts);
  } catch (error) {
    if (error instanceof Refusal && error.code === "unknown") return undefined;
    throw error;
  }
}
