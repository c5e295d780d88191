/**
 * Makes a volume of a release ready before anything of it runs. One that is kept comes into being once: filled from what
 * its build has shipped, beside its place, and then moved there whole; so what has its name has all of its first content,
 * whoever dies meanwhile, and is never filled again.
 */
import { closeSync, fsyncSync, mkdirSync, renameSync } from "node:fs";
import { isNodeError } from "#core/errors.ts";
import type { ReleaseRecord } from "#core/records.ts";
import { shippedVolumes, withoutWalls } from "#core/volume.ts";
import type { Apps } from "../apps.ts";
import type { Jobs } from "../job.ts";
import { JobTail } from "../job-tail.ts";
import type { JobResult, Verbs, VolumeResult } from "../protocol.ts";
import { Refusal } from "../refusal.ts";
import { makeDirectory, openDirectory } from "../safe-path.ts";

export type VolumeContext = { readonly apps: Apps; readonly jobs: Jobs; readonly mode: "user" | "system" };

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
  const refused = context.mode === "user" ? withoutWalls(volume) : undefined;
  if (refused !== undefined) return { ...done, refused, output: [] };
  if (context.mode === "system" || volume.type !== "persist") {
    return { ...done, refused: `The volume ${volume.name} cannot be had in system mode yet.`, output: [] };
  }
  return { ...(await keep(context, record, index, volume.name)), refused: null };
}

type Kept = Omit<VolumeResult, "refused">;

async function keep(context: VolumeContext, record: ReleaseRecord, index: number, name: string): Promise<Kept> {
  const { layout, fault } = context.apps.options;
  const below = [record.app, "volumes"];
  const volumes = makeDirectory(layout.apps, below, 1);
  try {
    const there = openIfThere(layout.apps, [...below, name]);
    if (there !== undefined) {
      closeSync(there);
      return { ...done, output: [] };
    }
    // No volume has a name that begins with a dot.
    const begun = `.${name}`;
    const at = (one: string): string => `/proc/self/fd/${volumes}/${one}`;
    const isLeft = !makePrivate(at(begun));
    // Refuses what is no directory: the commands that fill it would follow a link.
    closeSync(openDirectory(layout.apps, [...below, begun]));
    fault("volume-begun");
    const filled = await fillBegun(context, record, index, name, isLeft);
    if (filled.exit !== 0) return filled;
    fault("volume-filled");
    renameSync(at(begun), at(name));
    fsyncSync(volumes);
    fault("volume-made");
    return filled;
  } finally {
    closeSync(volumes);
  }
}

/** Copies what was shipped, or empties what an earlier try has left; as a job, so that it ends with its deploy and with us. */
async function fillBegun(
  { apps, jobs }: VolumeContext,
  { app, release, build }: ReleaseRecord,
  index: number,
  name: string,
  isLeft: boolean,
): Promise<Kept> {
  const { layout } = apps.options;
  const shipped = openIfThere(layout.apps, [app, "builds", String(build), "tree", ...shippedVolumes.split("/"), name]);
  if (shipped === undefined && !isLeft) return { ...done, output: [] };
  const begun = layout.volume(app, `.${name}`);
  const argv = ["/bin/sh", "-c", fill, "volume", begun, shipped === undefined ? "" : "copy"];
  const command = { argv, env: { PATH: "/usr/bin:/bin", LC_ALL: "C" }, cwd: shipped ?? null };
  const output = new JobTail();
  const openOutput = (): JobTail => output;
  const result = await jobs.start({ app, kind: "volume", number: release, index, command, timeout, openOutput });
  return { ...result, output: output.lines };
}

/** False when something was there already. */
function makePrivate(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if (isNodeError(error) && error.code === "EEXIST") return false;
    throw error;
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
