/** One run of a cron job: a job of the app, in its release's folder and environment, with a log of its own. */
import { closeSync } from "node:fs";
import type { Apps } from "../apps.ts";
import type { Jobs } from "../job.ts";
import { JobOutput } from "../job-output.ts";
import { forgetOldRuns, nextRunName } from "../log-files.ts";
import { instanceEnv, releasedOf } from "../prepare.ts";
import type { JobResult } from "../protocol.ts";
import { recordEnv } from "../records.ts";
import { makeDirectory, openToAppend } from "../safe-path.ts";
import { logIdOf, processOf, runOfLog } from "./run-name.ts";
import type { CronJob } from "./schedules.ts";

export type CronRunPlan = {
  readonly app: string;
  readonly job: CronJob;
  readonly run: number;
  readonly startedAt: number;
  readonly signal: AbortSignal;
  /** Whether the log of another run of this job is still wanted. */
  readonly isKept: (run: number) => boolean;
};

/** Seconds between TERM and KILL, as of an instance. */
const grace = 10;

/** Resolves when nothing of it is left. Throws a Refusal when its record, environment or folder cannot be had. */
export function runCronJob(apps: Apps, jobs: Jobs, plan: CronRunPlan): Promise<JobResult> {
  const { app, job, run, signal } = plan;
  const { records } = apps.options;
  const record = apps.release(app, job.release);
  const env = {
    ...recordEnv(records, "release", app, job.release, record.env),
    ...instanceEnv(processOf(job.name), null),
  };
  return jobs.start({
    app,
    kind: "cron",
    number: job.release,
    index: run,
    command: {
      argv: ["/bin/sh", "-c", job.command],
      env,
      cwd: apps.openTree(app, record.build, record.cwd),
      walls: apps.options.run.system?.once(app, releasedOf(record), null),
    },
    timeout: job.timeout,
    grace,
    openOutput: () => openLog(apps, plan),
    signal,
  });
}

function openLog(apps: Apps, { app, job, run, startedAt, isKept }: CronRunPlan): JobOutput {
  const { layout, limits } = apps.options;
  const below = [app, "log"];
  const process = processOf(job.name);
  const isWanted = (name: string): boolean => isKept(runOfLog(name));
  const logs = { root: layout.apps, below };
  forgetOldRuns(logs, process, isWanted);
  const directory = [...below, process, nextRunName(logs, process, startedAt, logIdOf(run))];
  closeSync(makeDirectory(layout.apps, directory, 2));
  apps.options.run.tidyLogs(logs);
  return new JobOutput(openToAppend(layout.apps, [...directory, "1"]), limits.cronLogBytes);
}
