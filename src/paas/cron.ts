/** An app's cron jobs as a user sees them. What runs and when is the supervisor's; here it is asked, and its logs are read. */
import type { Actor } from "#core/actor.ts";
import type { CronJobView, CronRunView } from "#core/api/cron.ts";
import type { LogLine } from "#core/api/logs.ts";
import { logLinesMax } from "#core/api/prefix.ts";
import { AppError } from "#core/errors.ts";
import { appendEvent } from "#store/events.ts";
import { logIdOf, processOf } from "#supervisor/cron/run-name.ts";
import { listLogFiles } from "#supervisor/log-files.ts";
import type { CronRunStatus } from "#supervisor/protocol.ts";
import { readLines } from "./follow-file.ts";
import { parseLogLine } from "./log-line.ts";
import type { Platform } from "./platform.ts";
import { requireApp } from "./require-app.ts";

/** How long a new line may wait to be seen, in milliseconds. */
const patience = 200;
/** Seconds of one wait of the supervisor for the end of a run. */
const waitMax = 600;

/** Throws APP_NOT_FOUND. */
export async function listCron(platform: Platform, app: string): Promise<CronJobView[]> {
  await requireApp(platform, app);
  try {
    const { jobs } = await platform.supervisor.call("cron.list", { app });
    // The server's parsing leaves out what the contract does not name.
    return jobs.map((job) => ({ ...job, timezone: job.timeZone, timeoutSeconds: job.timeout }));
  } catch (error) {
    // One that was never deployed, or that the edge serves alone.
    if (error instanceof AppError && error.code === "NOT_FOUND") return [];
    throw error;
  }
}

/** Throws APP_NOT_FOUND, NOT_FOUND. */
export async function listCronRuns(platform: Platform, app: string, job: string): Promise<CronRunView[]> {
  await requireApp(platform, app);
  try {
    return [...(await platform.supervisor.call("cron.history", { app, job })).runs];
  } catch (error) {
    throw unknownJob(error, app, job);
  }
}

/** Throws APP_NOT_FOUND, NOT_FOUND. */
export async function showCronRun(
  platform: Platform,
  app: string,
  job: string,
  number: number,
): Promise<{ run: CronRunView; lines: LogLine[] }> {
  const run = (await listCronRuns(platform, app, job)).find((one) => one.run === number);
  if (run === undefined) {
    throw new AppError("NOT_FOUND", `${app} has no run ${number} of the cron job ${job}, or not any more.`, {
      hint: `\`hop3 cron history ${job} --app ${app}\` shows them.`,
    });
  }
  const reading = outputOf(platform, app, job, number);
  const lines: LogLine[] = [];
  for (let fresh = await reading.next(); fresh.length > 0; fresh = await reading.next()) {
    lines.push(...fresh);
    if (lines.length > 2 * logLinesMax) lines.splice(0, lines.length - logLinesMax);
  }
  return { run, lines: lines.slice(-logLinesMax) };
}

type CronEvent =
  | { readonly event: "started"; readonly data: { readonly run: number } }
  | { readonly event: "line"; readonly data: LogLine }
  | { readonly event: "done"; readonly data: CronRunView };

/** Starts a run, then says what it prints until it is over. Throws APP_NOT_FOUND, NOT_FOUND, CONFLICT. */
export async function* runCron(
  platform: Platform,
  app: string,
  job: string,
  by: Actor,
  signal: AbortSignal,
): AsyncGenerator<CronEvent> {
  await requireApp(platform, app);
  const { run } = await platform.supervisor.call("cron.start", { app, job }).catch((error: unknown) => {
    throw unknownJob(error, app, job);
  });
  await appendEvent(platform.store, {
    actor: by,
    action: "cron.run",
    app,
    target: `${job} ${run}`,
    outcome: "ok",
  });
  yield { event: "started", data: { run } };
  const reading = outputOf(platform, app, job, run);
  let over: CronRunStatus | undefined;
  const left = new AbortController();
  const watch = async (): Promise<void> => {
    over = await untilOver(platform, { app, job, run }, AbortSignal.any([signal, left.signal]));
  };
  const ended = watch();
  ended.catch(() => undefined); // thrown below, to whoever is still there
  try {
    while (!signal.aborted) {
      const isOver = over !== undefined;
      const fresh = await reading.next();
      for (const data of fresh) yield { event: "line", data };
      if (fresh.length > 0) continue;
      if (isOver) break;
      await Promise.race([platform.signals.wait(`cron:${app}`, patience, signal), ended]);
    }
  } finally {
    left.abort();
  }
  if (over !== undefined) yield { event: "done", data: over };
}

async function untilOver(
  platform: Platform,
  asked: { readonly app: string; readonly job: string; readonly run: number },
  signal: AbortSignal,
): Promise<CronRunStatus> {
  for (;;) {
    const { over, run } = await platform.supervisor.call("cron.await", { ...asked, timeout: waitMax }, { signal });
    if (over) return run;
  }
}

/** The lines of a run's log from the first, some at a time; none when there is nothing new. */
function outputOf(platform: Platform, app: string, job: string, run: number): { next(): Promise<LogLine[]> } {
  const process = processOf(job);
  let path: string | undefined;
  let offset = 0;
  return {
    async next() {
      path ??= listLogFiles(platform.layout.appLogs(app), (name) => name === process).find((file) =>
        file.run.endsWith(`-${logIdOf(run)}`),
      )?.path;
      const fresh = path === undefined ? [] : await readLines(path, offset);
      offset = fresh.at(-1)?.end ?? offset;
      return fresh.map(({ text }) => parseLogLine(text, process));
    },
  };
}

function unknownJob(error: unknown, app: string, job: string): unknown {
  if (!(error instanceof AppError && error.code === "NOT_FOUND")) return error;
  return new AppError("NOT_FOUND", `${app} has no cron job ${job}.`, {
    hint: `\`hop3 cron list --app ${app}\` shows its jobs.`,
  });
}
