/** The processes of an app: what its live release runs, how many of each, and how they are. */
import type { Actor } from "#core/actor.ts";
import type { Instance, ProcessView } from "#core/api/processes.ts";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { slotCount } from "#core/slots.ts";
import { appendEvent } from "#store/events.ts";
import { getScale, setScale } from "#store/scale.ts";
import type { AppStatus, InstanceStatus, RunMetrics } from "#supervisor/protocol.ts";
import { isCrashLoop } from "./crash-loop.ts";
import { liveArtifact } from "./live-artifact.ts";
import { processSpecs } from "./process-specs.ts";
import { requireApp } from "./require-app.ts";
import { supervisorStatuses } from "./supervisor-status.ts";
import { startFailure } from "./deploy/start.ts";
import type { Platform } from "./platform.ts";

/** Throws APP_NOT_FOUND. */
export async function listProcesses(platform: Platform, app: string): Promise<ProcessView[]> {
  await requireApp(platform, app);
  return processViews(platform, app, (await supervisorStatuses(platform)).get(app));
}

export async function processViews(
  platform: Platform,
  app: string,
  status: AppStatus | undefined,
): Promise<ProcessView[]> {
  const artifact = await liveArtifact(platform, app);
  if (artifact === undefined) return [];
  const specs = processSpecs(artifact, await getScale(platform.store, app));
  const usage = await usageById(platform);
  return Object.entries(specs).map(([type, { command, count, listens, restart = "always" }]) => ({
    type,
    command,
    count,
    listens,
    restart,
    instances: (status?.instances ?? [])
      .filter((one) => one.type === type)
      .map((one) => instanceView(one, usage.get(one.id))),
  }));
}

/** Answers when the counts run. Throws NO_RELEASE, INVALID_INPUT (a process that the app does not have), APP_EXITED, APP_NOT_LISTENING. */
export async function scaleProcesses(
  platform: Platform,
  app: string,
  counts: Readonly<Record<string, number>>,
  by: Actor,
): Promise<ProcessView[]> {
  const { liveRelease } = await requireApp(platform, app);
  const artifact = await liveArtifact(platform, app);
  if (artifact === undefined || liveRelease === null)
    throw new AppError("NO_RELEASE", `${app} has no release to scale yet.`);
  for (const type of Object.keys(counts)) {
    if (Object.hasOwn(artifact.processes, type)) continue;
    const known = Object.keys(artifact.processes).join(", ");
    throw new AppError("INVALID_INPUT", `${app} has no process ${quote(type)}.`, {
      hint: known === "" ? "It is served by the edge and has no processes." : `It has: ${known}.`,
    });
  }
  if ((counts["web"] ?? 0) > slotCount) {
    throw new AppError("INVALID_INPUT", `${app} may have ${slotCount} web instances at most.`, {
      hint: "Let each instance serve more: threads, or WEB_CONCURRENCY.",
    });
  }
  return platform.queue.run(app, async () => {
    const before = await getScale(platform.store, app);
    const { ready, status } = await platform.supervisor.call(
      "app.scale",
      { app, counts: { ...counts }, drain: platform.limits.drainSeconds, timeout: artifact.spec.startTimeout },
      { signal: platform.stopping },
    );
    if (!ready) {
      const present = processSpecs(artifact, before);
      const back = Object.fromEntries(Object.keys(counts).map((type) => [type, present[type]?.count ?? 0]));
      await platform.supervisor.call(
        "app.scale",
        { app, counts: back, drain: 0, timeout: artifact.spec.startTimeout },
        { signal: platform.stopping },
      );
      throw await startFailure(platform, app, liveRelease, artifact.spec.startTimeout, status);
    }
    await setScale(platform.store, app, counts);
    await appendEvent(platform.store, {
      actor: by,
      action: "app.scale",
      app,
      outcome: "ok",
      // A key of its own: a process type may be called anything.
      details: { scale: { ...counts } },
    });
    return processViews(platform, app, status);
  });
}

async function usageById({ supervisor, stopping }: Platform): Promise<ReadonlyMap<string, RunMetrics>> {
  const { instances } = await supervisor.call("metrics", {}, { signal: stopping });
  return new Map(instances.map((one) => [one.id, one]));
}

export function instanceView(instance: InstanceStatus, usage: RunMetrics | undefined): Instance {
  return {
    name: `${instance.type}.${instance.index}`,
    state: shownState(instance.state),
    release: instance.release,
    pid: instance.pid,
    since: instance.since,
    restarts: instance.restarts,
    restartsInARow: instance.restartsInARow,
    crashLoop: instance.proven && isCrashLoop(instance),
    outOfMemory: instance.outOfMemory,
    lastExit: instance.lastExit,
    usage: usage ?? null,
    nextTry: instance.retryAt,
  };
}

/** The supervisor's states are finer than what a person needs. */
function shownState(state: InstanceStatus["state"]): Instance["state"] {
  switch (state) {
    case "pending":
    case "starting":
    case "restarting":
      return "starting";
    case "ready":
      return "running";
    case "backoff":
    case "expiring":
    case "recycling":
      return "backing-off";
    case "warm":
      return "warm";
    case "draining":
    case "stopping":
    case "killing":
      return "stopping";
    case "ended":
      return "ended";
    case "rejecting":
    case "exhausted":
    case "failed":
      return "failed";
    case "gone":
      return "stopped";
  }
}
