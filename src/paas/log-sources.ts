/** Which files a question about an app's logs is about. */
import type { LogQuery } from "#core/api/logs.ts";
import { logLinesMax } from "#core/api/prefix.ts";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { sinceMs } from "#core/since.ts";
import { listLogFiles, type LogFile } from "#supervisor/log-files.ts";
import type { LineFilter } from "./log-history.ts";
import { liveArtifact } from "./live-artifact.ts";
import type { Platform } from "./platform.ts";
import { requireApp } from "./require-app.ts";

type Sources = Pick<Platform, "layout" | "store">;

/** All runs that are kept, of all releases, the oldest first. */
export function logFiles({ layout }: Pick<Platform, "layout">, app: string, { process }: LogQuery): LogFile[] {
  const isWanted = (name: string) => process === undefined || name === process || name.startsWith(`${process}.`);
  return listLogFiles(layout.appLogs(app), isWanted);
}

/** Throws APP_NOT_FOUND; NOT_FOUND for a process that the app neither has nor had; INVALID_INPUT for a time to come. */
export async function checkQuery(
  platform: Sources & Pick<Platform, "clock">,
  app: string,
  query: LogQuery,
): Promise<LineFilter & { readonly lines: number }> {
  await requireApp(platform, app);
  const { process, grep } = query;
  if (process !== undefined && logFiles(platform, app, query).length === 0) await checkProcess(platform, app, process);
  const now = platform.clock.now();
  const since = query.since === undefined ? undefined : sinceMs(query.since, now);
  if (since !== undefined && since > now) {
    throw new AppError("INVALID_INPUT", "Logs since a time to come cannot be told.", {
      hint: `The server's time is ${new Date(now).toISOString()}.`,
    });
  }
  return { since, grep, lines: query.lines ?? (since === undefined ? 100 : logLinesMax) };
}

async function checkProcess(platform: Sources, app: string, process: string): Promise<void> {
  const types = Object.keys((await liveArtifact(platform, app))?.processes ?? {});
  if (types.includes(process.replace(/\..*/, ""))) return;
  const known = new Set([...types, ...logFiles(platform, app, {}).map((file) => file.process)]);
  throw new AppError("NOT_FOUND", `${app} has no process ${quote(process)}, and no lines of one.`, {
    hint: known.size === 0 ? "Nothing of it has run yet." : `It has ${[...known].sort().join(", ")}.`,
  });
}
