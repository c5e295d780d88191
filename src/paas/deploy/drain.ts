/** Step 8, drain: every other release leaves. The supervisor waits for its connections, then ends it. */
import { AppError } from "#core/errors.ts";
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
  if (!candidate.hasProcesses) {
    // The edge serves the app alone now: nothing of it needs a process.
    await platform.supervisor.call("app.forget", { app }, { signal });
    return;
  }
  const others = new Set(
    status.instances.map(({ release }) => release).filter((release) => release !== candidate.release),
  );
  for (const release of others) {
    await platform.supervisor.call("app.retire", { app, release, drain: platform.limits.drainSeconds }, { signal });
  }
}
