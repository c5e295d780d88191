/**
 * Step 8, drain: every other release leaves. The supervisor waits for its connections, then ends it, or keeps its web
 * instances warm for a rollback: those of the release that served before, for as long as that one's own files say.
 */
import { keepWarmStandard } from "#core/limits.ts";
import { AppError } from "#core/errors.ts";
import { getRelease } from "#store/releases.ts";
import { readArtifact } from "../artifact.ts";
import type { Platform } from "../platform.ts";
import type { Candidate } from "./job.ts";
import { supervisorIsBack } from "./supervisor-is-back.ts";

export async function drain(platform: Platform, candidate: Candidate): Promise<void> {
  try {
    await drainOthers(platform, candidate);
  } catch (thrown) {
    if (!(thrown instanceof AppError && thrown.code === "UNAVAILABLE")) throw thrown;
    // The supervisor died over it. The next one knows what is leaving, or was never asked.
    await supervisorIsBack(platform);
    await drainOthers(platform, candidate);
  }
}

async function drainOthers(platform: Platform, candidate: Candidate): Promise<void> {
  const { app } = candidate.artifact;
  const signal = platform.stopping;
  const { apps } = await platform.supervisor.call("status", {}, { signal });
  const status = apps.find((each) => each.app === app);
  if (status === undefined) return;
  if (!candidate.isSupervised) {
    // The edge serves the app alone now: nothing of it needs a process.
    await platform.supervisor.call("app.forget", { app }, { signal });
    return;
  }
  const others = new Set(
    status.instances.map(({ release }) => release).filter((release) => release !== candidate.release),
  );
  // Numbers grow, so it served last; what has gone half way keeps its place when this is repeated.
  const newest = Math.max(...others);
  const leave = async (release: number): Promise<void> => {
    const warm = release === newest ? await keepWarm(platform, app, release) : 0;
    await platform.supervisor.call(
      "app.retire",
      { app, release, drain: platform.limits.drainSeconds, warm },
      { signal },
    );
  };
  await Promise.all([...others].map(leave));
}

async function keepWarm({ store, layout }: Platform, app: string, release: number): Promise<number> {
  const row = await getRelease(store, app, release);
  if (row === undefined) return 0;
  try {
    return readArtifact(layout, app, row.build).spec.keepWarm ?? keepWarmStandard;
  } catch (error) {
    // Without its record it cannot be brought back either.
    if (error instanceof AppError) return 0;
    throw error;
  }
}
