/** What an app runs by the clock, what became of it, and a run by hand. */
import { z } from "zod";
import { cronOverlaps } from "../records.ts";
import { logLine } from "./logs.ts";
import { logLinesMax } from "./prefix.ts";
import { defineRoute } from "./route.ts";
import { appName, appParams, isoTime, releaseNumber, wholeNumber } from "./shared.ts";
import { isProcessType } from "../names.ts";

const jobName = z
  .string()
  .refine(isProcessType, "is not a valid name of a cron job")
  .describe("A cron job's name, such as `nightly`");

export const cronRun = z.object({
  run: z.int().positive().describe("Its number, unique in the app"),
  job: jobName,
  release: releaseNumber.nullable().describe("The release that it ran of; null before it began"),
  trigger: z.enum(["schedule", "manual"]),
  outcome: z
    .enum(["waiting", "running", "succeeded", "failed", "timed-out", "canceled", "skipped", "lost"])
    .describe(
      "`waiting` for its turn; `skipped`: it never began; `canceled`: replaced, or the app was stopped; `lost`: the supervisor died over it",
    ),
  exit: z.int().nullable().describe("Exit status, 128+n after signal n; null unless it ended by itself"),
  due: isoTime,
  startedAt: isoTime.nullable(),
  endedAt: isoTime.nullable(),
  times: z.int().describe("How many due times it stands for: those that are skipped in a row are one entry"),
  reason: z.string().nullable().describe("Why it did not end by itself, or did not begin"),
});
export type CronRunView = z.infer<typeof cronRun>;

export const cronJob = z.object({
  name: jobName,
  schedule: z.string(),
  timezone: z.string(),
  command: z.string(),
  overlap: z.enum(cronOverlaps),
  timeoutSeconds: z.number(),
  next: isoTime.nullable().describe("When it comes next; null when it does not, as while the app is stopped"),
  last: cronRun.nullable().describe("Its newest run"),
});
export type CronJobView = z.infer<typeof cronJob>;

const jobParams = appParams.extend({ job: jobName });

export const listCron = defineRoute({
  method: "GET",
  path: "/apps/:app/cron",
  summary: "The cron jobs of the release that serves",
  action: "app.show",
  params: appParams,
  response: z.object({ app: appName, jobs: z.array(cronJob) }),
});

export const listCronRuns = defineRoute({
  method: "GET",
  path: "/apps/:app/cron/:job/runs",
  summary: "The newest runs of a cron job, at most 20 that are over, the newest first",
  action: "app.show",
  params: jobParams,
  response: z.object({ app: appName, job: jobName, runs: z.array(cronRun) }),
});

export const showCronRun = defineRoute({
  method: "GET",
  path: "/apps/:app/cron/:job/runs/:run",
  summary: "One run of a cron job with what it has printed",
  action: "app.logs",
  params: jobParams.extend({ run: wholeNumber }),
  response: z.object({
    app: appName,
    run: cronRun,
    lines: z.array(logLine).describe(`The last ${logLinesMax} at most`),
  }),
});

export const runCron = defineRoute({
  method: "POST",
  path: "/apps/:app/cron/:job/run",
  summary: "Run a cron job now and follow it; it goes on when the client leaves",
  action: "app.operate",
  params: jobParams,
  response: "sse",
  events: { started: z.object({ run: z.int().positive() }), line: logLine, done: cronRun },
});
