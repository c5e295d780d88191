/** What apps, builds and the server's own services have printed: the last lines, and those of a build as they come. */
import { existsSync } from "node:fs";
import type { LogLine, LogQuery } from "#core/api/logs.ts";
import { AppError } from "#core/errors.ts";
import { getDeploy, listDeploys, type Deploy } from "#store/deploys.ts";
import { listLogFiles } from "#supervisor/log-files.ts";
import { requireApp } from "./require-app.ts";
import { offsetOfLastLines, readLines } from "./follow-file.ts";
import { lastByTime } from "./last-by-time.ts";
import { historyOf } from "./log-history.ts";
import { parseLogLine } from "./log-line.ts";
import { checkQuery, logFiles } from "./log-sources.ts";
import type { Platform } from "./platform.ts";

/** How long a new line may wait to be seen, in milliseconds. */
const patience = 200;

/** The last lines, by time over all instances, runs and releases. Throws as checkQuery. */
export async function readLogs(
  platform: Platform,
  app: string,
  query: LogQuery,
  signal?: AbortSignal,
): Promise<LogLine[]> {
  const { lines, ...filter } = await checkQuery(platform, app, query);
  const processes = Map.groupBy(logFiles(platform, app, query), ({ process }) => process);
  const runs = [...processes].map(([process, files]) =>
    [...Map.groupBy(files, ({ run }) => run).values()].map((found) => ({ process, files: found })),
  );
  return lastByTime(
    runs.map((found) => historyOf(found, filter, signal)),
    lines,
  );
}

/** Throws APP_NOT_FOUND; NOT_FOUND when there is no such deploy, none yet, or its output is gone. */
export async function readBuildLogs(
  platform: Pick<Platform, "store" | "layout">,
  app: string,
  lines: number,
  number: number | undefined,
): Promise<LogLine[]> {
  const deploy = await deployWithBuild(platform, app, number);
  return lastOf("build", [{ path: buildPath(platform, deploy) }], lines);
}

/** Ends with the deploy. */
export async function* followBuildLogs(
  platform: Platform,
  app: string,
  lines: number,
  number: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const deploy = await deployWithBuild(platform, app, number);
  const path = buildPath(platform, deploy);
  let offset = await offsetOfLastLines(path, lines);
  while (!signal.aborted) {
    const ended = ((await getDeploy(platform.store, app, deploy.number))?.endedAt ?? null) !== null;
    const fresh = await readLines(path, offset);
    for (const { text, end } of fresh) {
      offset = end;
      yield parseLogLine(text, "build");
    }
    if (fresh.length > 0) continue;
    if (ended) return;
    await platform.signals.wait(`logs:${app}`, patience, signal);
  }
}

/** The log of hop3d, caddy or the supervisor itself. */
export function systemLogs(platform: Platform, service: string, lines: number): Promise<LogLine[]> {
  const { logs } = platform.layout;
  // The supervisor writes its own log itself: nobody supervises it.
  if (service === "supervisor") return lastOf(service, [{ path: `${logs}/supervisor.log` }], lines);
  const files = listLogFiles(logs, (name) => name === service);
  return lastOf(service, files, lines);
}

function buildPath(platform: Pick<Platform, "layout">, deploy: Deploy): string {
  return platform.layout.buildLog(deploy.app, deploy.build ?? 0);
}

async function deployWithBuild(
  platform: Pick<Platform, "store" | "layout">,
  app: string,
  number: number | undefined,
): Promise<Deploy> {
  await requireApp(platform, app);
  const deploy =
    number === undefined
      ? (await listDeploys(platform.store, app)).find(({ build }) => build !== null)
      : await getDeploy(platform.store, app, number);
  if (deploy === undefined) {
    throw new AppError(
      "NOT_FOUND",
      number === undefined ? `${app} has not been built yet.` : `There is no deploy ${number} of ${app}.`,
    );
  }
  const isGone = deploy.build !== null && !existsSync(platform.layout.build(app, deploy.build));
  if (isGone && deploy.endedAt !== null) {
    throw new AppError("NOT_FOUND", `The output of deploy ${deploy.number} of ${app} is not kept any more.`, {
      hint: "It goes when newer releases took its place, and a deploy that fails before its build has none.",
    });
  }
  return deploy;
}

function lastOf(process: string, files: readonly { readonly path: string }[], count: number): Promise<LogLine[]> {
  return lastByTime([historyOf([{ process, files }], {})], count);
}
