/**
 * Step 6, probe: the release is asked before any user is, each web instance over its own address; a health command of an
 * app without `web` asks once for all. The first that is not well ends the others. How often is the business of tries.ts,
 * what is asked that of ask-once.ts.
 */
import { AppError } from "#core/errors.ts";
import { type Healthcheck, standardHealthcheck } from "#core/healthcheck.ts";
import type { AppStatus, InstanceStatus } from "#supervisor/protocol.ts";
import { supervisorStatuses } from "../supervisor-status.ts";
import { askOnce, probedWords, type Failed, type Probed } from "./ask-once.ts";
import type { JobOwner } from "./run-job.ts";
import { sideBySide } from "./side-by-side.ts";
import { instanceWords } from "./start.ts";
import { tryUntilWell } from "./tries.ts";

/** Instances that are asked at the same time. */
const atOnce = 4;

/** Milliseconds between two looks at whether what failed its probe still lives. */
const look = 500;

/** What the tries of one step share. */
type Asking = {
  readonly job: JobOwner;
  readonly candidate: Probed;
  readonly check: Healthcheck;
  /** The release's instances, as they were when they had started. */
  readonly instances: readonly InstanceStatus[];
  /** When the first try began, by the clock that nobody sets. */
  readonly since: number;
};

/** Throws APP_UNHEALTHY with what was asked and what came, or APP_EXITED. */
export async function probe(job: JobOwner, candidate: Probed, status: AppStatus): Promise<void> {
  const { artifact, release } = candidate;
  const check = artifact.spec.healthcheck ?? standardHealthcheck;
  const instances = status.instances.filter((one) => one.release === release);
  const asking: Asking = { job, candidate, check, instances, since: job.platform.clock.elapsed() };
  const addressed = instances.filter(({ address }) => address !== null);
  await sideBySide(addressed, atOnce, (instance, stop) =>
    untilWell({ ...asking, job: stoppable(job, stop) }, instance),
  );
  if (check.probe.kind === "command" && !Object.hasOwn(artifact.processes, "web")) await untilWell(asking, null);
}

/** The same job, over for what goes on of it when `stop` is aborted, too. */
function stoppable({ platform, app, underWay }: JobOwner, stop: AbortSignal): JobOwner {
  const signal = AbortSignal.any([underWay.signal, stop]);
  const goOn = (): void => {
    underWay.goOn();
    stop.throwIfAborted();
  };
  return { platform, app, underWay: { signal, goOn } };
}

async function untilWell(asking: Asking, instance: InstanceStatus | null): Promise<void> {
  const { job, check, candidate, since } = asking;
  const failed = await tryUntilWell(check, {
    ask: async () => {
      const found = await askOnce(job, candidate, check, instance);
      if (typeof found === "object") await refuseEnded(asking, instance);
      return found;
    },
    elapsed: () => job.platform.clock.elapsed() - since,
    wait: (milliseconds) => pause(milliseconds, asking, instance),
  });
  if (failed !== undefined) throw await unhealthy(asking, instance, failed.last, failed.tries);
}

async function unhealthy(
  { job, candidate, check, instances, since }: Asking,
  instance: InstanceStatus | null,
  last: Failed,
  tries: number,
): Promise<AppError> {
  const { platform, app } = job;
  const seconds = (platform.clock.elapsed() - since) / 1000;
  const words = await Promise.all(
    (instance === null ? instances : [instance]).map(async (one) => {
      const lines = await instanceWords(platform, app, one);
      const name = `${one.type}.${one.index}`;
      return lines.length === 0 ? [`${name} has printed nothing.`] : [`Last lines of ${name}:`, ...lines];
    }),
  );
  return new AppError("APP_UNHEALTHY", `${nameOf(instance)} is not healthy: ${last.said}`, {
    details: [
      `Probed: ${probedWords(platform, candidate, check, instance)}.`,
      ...last.lines,
      `Tried ${tries === 1 ? "once" : tries === 2 ? "twice" : `${tries} times`} in ${seconds.toFixed(1)} s.`,
      ...words.flat(),
    ],
  });
}

function nameOf(instance: InstanceStatus | null): string {
  return instance === null ? "The release" : `${instance.type}.${instance.index}`;
}

/** Waits for the next try, which nobody waits for when a process ends meanwhile: none of the release gets a second start. */
async function pause(milliseconds: number, asking: Asking, instance: InstanceStatus | null): Promise<void> {
  const { clock } = asking.job.platform;
  for (let left = milliseconds; left > 0; left -= look) {
    await clock.sleep(Math.min(look, left), asking.job.underWay.signal);
    await refuseEnded(asking, instance);
  }
}

/** Some servers listen before they have loaded the app, and end when they cannot: that is what the user needs to hear. */
async function refuseEnded({ job, candidate, check, instances }: Asking, asked: InstanceStatus | null): Promise<void> {
  const { platform, app } = job;
  const statuses = await supervisorStatuses(platform).catch((thrown: unknown) => {
    // A supervisor that is gone for a while says nothing of the app.
    const mayPass = thrown instanceof AppError && (thrown.code === "UNAVAILABLE" || thrown.code === "RATE_LIMITED");
    if (mayPass) return undefined;
    throw thrown;
  });
  if (statuses === undefined) return;
  const now = statuses.get(app)?.instances ?? [];
  for (const before of instances) {
    const found = now.find(({ id }) => id === before.id);
    // By its pid alone: a new supervisor that has just taken it over does not call it ready yet.
    const isGone = before.id === asked?.id ? found?.pid !== before.pid : found?.state === "failed";
    if (!isGone) continue;
    const message = `The process ${nameOf(before)} ended (${found?.lastExit ?? "unknown"}) instead of serving.`;
    const probed = `Probed: ${probedWords(platform, candidate, check, asked)}.`;
    throw new AppError("APP_EXITED", message, { details: [probed, ...(await instanceWords(platform, app, before))] });
  }
}
