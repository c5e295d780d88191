/** What cron knows, as the supervisor's socket says it. */
import type { CronJobStatus, CronRunStatus } from "../protocol.ts";
import type { Apps } from "../apps.ts";
import type { Cron } from "./cron.ts";
import type { CronEntry } from "./history.ts";

/** The jobs of the live release, in its order. */
export function listCronJobs(apps: Apps, cron: Cron, app: string): CronJobStatus[] {
  const { stopped } = apps.known(app);
  const now = apps.options.clock.now();
  return cron.schedules.of(app).map((job) => {
    const { name, schedule, timeZone, command, overlap, timeout, release } = job;
    const next = stopped ? null : job.next(now);
    const last = cron.entries(app, name).at(-1);
    return {
      name,
      schedule,
      timeZone,
      command,
      overlap,
      timeout,
      release,
      next: isoOrNull(next),
      last: last === undefined ? null : cronRunStatus(name, last),
    };
  });
}

export function cronRunStatus(job: string, entry: CronEntry): CronRunStatus {
  const { due, startedAt, endedAt, ...facts } = entry;
  return {
    ...facts,
    job,
    due: new Date(due).toISOString(),
    startedAt: isoOrNull(startedAt),
    endedAt: isoOrNull(endedAt),
  };
}

function isoOrNull(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
