/** The volumes of a deploy: refused before anything is built where this server cannot have them, made before anything runs. */
import { noAppLimits } from "#core/app-limits.ts";
import type { AppSpec } from "#core/app-spec.ts";
import { AppError } from "#core/errors.ts";
import { aboveMemory, leastMemory, withoutWalls } from "#core/volume.ts";
import type { Platform } from "../platform.ts";
import type { Candidate, DeployJob } from "./job.ts";
import { jobFailure } from "./job-end.ts";
import { runJob } from "./run-job.ts";

/** Seconds that the supervisor gives the filling of one; for words. */
const fillTimeout = 900;

/** What a directory of the server is allowed for only the supervisor knows: `makeVolumes` hears it. Throws VOLUME_UNAVAILABLE. */
export async function refuseVolumes(
  { mode, supervisor, stopping }: Pick<Platform, "mode" | "supervisor" | "stopping">,
  { volumes = [], limits = noAppLimits }: Pick<AppSpec, "volumes" | "limits">,
): Promise<void> {
  const refused = mode === "user" ? volumes.map(withoutWalls).find((why) => why !== undefined) : undefined;
  if (refused !== undefined) throw new AppError("VOLUME_UNAVAILABLE", refused);
  if (!volumes.some(({ type }) => type === "tmpfs")) return;
  const { ceiling } = await supervisor.call("host", {}, { signal: stopping });
  const tooMuch = aboveMemory(volumes, leastMemory(limits, ceiling) ?? Infinity);
  if (tooMuch !== undefined) throw new AppError("VOLUME_UNAVAILABLE", tooMuch);
}

/** Safe to repeat: what is there stays as it is. Throws VOLUME_UNAVAILABLE, CANCELED, UNAVAILABLE. */
export async function makeVolumes(job: DeployJob, { artifact, release }: Candidate): Promise<void> {
  for (const [index, { name }] of (artifact.volumes ?? []).entries()) {
    const made = await runJob(job, "release.volume", { app: job.app, release, volume: index });
    if (made.refused !== null) throw new AppError("VOLUME_UNAVAILABLE", made.refused);
    const how = jobFailure(made, `filling the volume ${name}`, fillTimeout);
    if (how === undefined) continue;
    const message = `Filling the volume ${name} with what was shipped ${how}.`;
    throw new AppError("VOLUME_UNAVAILABLE", message, {
      details: made.output,
      hint: "Is there room on the server's disk?",
    });
  }
}
