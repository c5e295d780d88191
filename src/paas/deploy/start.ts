/** Step 5, start: the release's processes come up beside what serves; nothing reaches them yet. */
import { AppError } from "#core/errors.ts";
import { listLogFiles } from "#supervisor/log-files.ts";
import type { AppStatus, InstanceStatus } from "#supervisor/protocol.ts";
import type { Platform } from "../platform.ts";
import type { Candidate } from "./job.ts";
import { hasEndedWell } from "../ended-well.ts";
import { lastLines } from "./last-lines.ts";

/** Seconds beyond the app's own start timeout that the supervisor may take to say so. */
export const startSlack = 5;

/** Throws APP_EXITED or APP_NOT_LISTENING with the last words of the instance; when `signal` is aborted, nobody waits. */
export async function start(
  platform: Platform,
  { release, artifact }: Candidate,
  signal: AbortSignal,
): Promise<AppStatus> {
  const { app, spec } = artifact;
  await platform.supervisor.call("app.start", { app, release }, { signal: platform.stopping });
  const { ready, status } = await platform.supervisor.call(
    "app.await",
    { app, release, timeout: spec.startTimeout + startSlack },
    { signal },
  );
  if (ready) return status;
  throw await startFailure(platform, app, release, spec.startTimeout, status);
}

/** What kept a release from getting ready, in the user's words. */
export async function startFailure(
  platform: Platform,
  app: string,
  release: number,
  startTimeout: number,
  status: AppStatus,
): Promise<AppError> {
  const mine = status.instances.filter(
    (instance) => instance.release === release && instance.state !== "ready" && !hasEndedWell(instance),
  );
  const ended = mine.find((instance) => instance.failure === "exited");
  const culprit = ended ?? mine.find((instance) => instance.failure !== null) ?? mine[0];
  const details = culprit === undefined ? [] : await instanceWords(platform, app, culprit);
  const name = culprit === undefined ? "web" : `${culprit.type}.${culprit.index}`;
  if (ended !== undefined) {
    return new AppError(
      "APP_EXITED",
      `The process ${name} ended (${ended.lastExit ?? "unknown"}) instead of starting.`,
      { details },
    );
  }
  return new AppError("APP_NOT_LISTENING", `The process ${name} did not listen within ${startTimeout} s.`, { details });
}

/** The last words of one instance. */
export async function instanceWords(
  { layout }: Pick<Platform, "layout">,
  app: string,
  instance: InstanceStatus,
): Promise<string[]> {
  const name = `${instance.type}.${instance.index}`;
  const files = listLogFiles(layout.appLogs(app), (process) => process === name);
  const last = files.filter(({ run }) => run.endsWith(`-${instance.id}`)).at(-1);
  return last === undefined ? [] : lastLines(last.path, 20);
}
