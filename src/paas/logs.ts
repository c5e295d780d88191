/** What apps, builds and the server's own services have printed: the last lines, and new ones as they come. */
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import type { LogLine } from "#core/api/logs.ts";
import { AppError } from "#core/errors.ts";
import { getDeploy, listDeploys, type Deploy } from "#store/deploys.ts";
import { listLogFiles } from "#supervisor/log-files.ts";
import { requireApp } from "./require-app.ts";
import { offsetOfLastLines, readLines } from "./follow-file.ts";
import { lastByTime } from "./last-by-time.ts";
import { parseLogLine } from "./log-line.ts";
import type { Platform } from "./platform.ts";

export type LogQuery = { readonly lines: number; readonly process?: string | undefined };

type Source = { readonly name: string; readonly path: string };

/** How long a new line may wait to be seen, in milliseconds. */
const patience = 200;

/** By time, over all instances. Throws APP_NOT_FOUND. */
export async function readLogs(platform: Platform, app: string, query: LogQuery): Promise<LogLine[]> {
  await requireApp(platform, app);
  return lastOf(sources(platform, app, query.process), query.lines);
}

/** The last lines, then each new one until the signal is aborted; instances that come later are followed too. */
export async function* followLogs(
  platform: Platform,
  app: string,
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  await requireApp(platform, app);
  const offsets = new Map<string, number>();
  const first = sources(platform, app, query.process);
  for (const { path } of first) offsets.set(path, (await tail(path, 0)).end);
  yield* await lastOf(first, query.lines);
  while (!signal.aborted) {
    let quiet = true;
    for (const { name, path } of sources(platform, app, query.process)) {
      for (const { text, end } of await readLines(path, await resumeAt(path, offsets.get(path) ?? 0))) {
        quiet = false;
        offsets.set(path, end);
        yield parseLogLine(text, name);
      }
    }
    if (quiet) await platform.signals.wait(`logs:${app}`, patience, signal);
  }
}

/** Throws APP_NOT_FOUND; NOT_FOUND when there is no such deploy, none yet, or its output is gone. */
export async function readBuildLogs(
  platform: Pick<Platform, "store" | "layout">,
  app: string,
  lines: number,
  number: number | undefined,
): Promise<LogLine[]> {
  const deploy = await deployWithBuild(platform, app, number);
  return lastOf([buildSource(platform, deploy)], lines);
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
  const { name, path } = buildSource(platform, deploy);
  let offset = await offsetOfLastLines(path, lines);
  while (!signal.aborted) {
    const ended = ((await getDeploy(platform.store, app, deploy.number))?.endedAt ?? null) !== null;
    const fresh = await readLines(path, offset);
    for (const { text, end } of fresh) {
      offset = end;
      yield parseLogLine(text, name);
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
  if (service === "supervisor") return lastOf([{ name: service, path: `${logs}/supervisor.log` }], lines);
  return lastOf(
    listLogFiles(logs, (name) => name === service).map(({ path }) => ({ name: service, path })),
    lines,
  );
}

/** Every file of every run that is kept, the oldest run first. */
function sources(platform: Platform, app: string, process: string | undefined): Source[] {
  return listLogFiles(
    platform.layout.appLogs(app),
    (name) => process === undefined || name.startsWith(`${process}.`),
  ).map(({ process: name, path }) => ({ name, path }));
}

function buildSource(platform: Pick<Platform, "layout">, deploy: Deploy): Source {
  return { name: "build", path: platform.layout.buildLog(deploy.app, deploy.build ?? 0) };
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

async function lastOf(from: readonly Source[], count: number): Promise<LogLine[]> {
  const all = await Promise.all(
    from.map(async ({ name, path }) => ({
      name,
      lines: (await tail(path, count)).lines.map((line) => parseLogLine(line, name)),
    })),
  );
  const processes = Map.groupBy(all, ({ name }) => name);
  const streams = [...processes.values()].map((files) => files.flatMap(({ lines }) => lines));
  return lastByTime(streams, count);
}

/** The last `count` lines and the offset after them. */
async function tail(path: string, count: number): Promise<{ lines: string[]; end: number }> {
  let end = await offsetOfLastLines(path, Math.max(count, 1));
  const lines: string[] = [];
  for (let some = await readLines(path, end); some.length > 0; some = await readLines(path, end)) {
    lines.push(...some.map(({ text }) => text));
    end = some.at(-1)?.end ?? end;
  }
  return { lines: count === 0 ? [] : lines.slice(-count), end };
}

/** A file that is shorter than what was read was rotated: its successor is read from the start. */
async function resumeAt(path: string, offset: number): Promise<number> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  return size < offset ? 0 : offset;
}
