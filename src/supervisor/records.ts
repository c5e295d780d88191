/**
 * The records that `hop3d` wrote, looked up by app name and number only, and believed only after a check of every field:
 * they are the sole source of commands, and whoever took over `hop3d` can write what they like into them.
 */
import { isTimeZone, parseCronSchedule, scheduleMax } from "#core/cron-schedule.ts";
import { AppError } from "#core/errors.ts";
import { isAppName, isEnvName, quote, quoteStart } from "#core/names.ts";
import {
  cronOverlaps,
  restartPolicies,
  type BuildRecord,
  type BuildStep,
  type CronSpec,
  type ProcessSpec,
  type ReleaseRecord,
} from "#core/records.ts";
import { recordEnvContext, unseal, type MasterKey } from "#core/sealed.ts";
import type { Limits } from "./limits.ts";
import { limitsRecord } from "./limits-record.ts";
import { Refusal } from "./refusal.ts";
import { readFileInside, relativeParts } from "./safe-path.ts";
import {
  appNameOf,
  entries,
  fields,
  invalid,
  list,
  numberMax,
  oneOf,
  processTypeOf,
  text,
  whole,
  seconds,
} from "./shape.ts";
import { volumesOf } from "./volumes/volume-record.ts";

export type RecordSource = {
  readonly apps: string;
  readonly limits: Limits;
  readonly masterKey: () => MasterKey;
};

/** A record whose shape holds; `env` is still sealed. */
export function readRelease(source: RecordSource, app: string, release: number): ReleaseRecord {
  const where = `release ${release} of ${app}`;
  const found = fields(
    readRecord(source, app, "releases", release, "release.json", where),
    where,
    ["version", "app", "release", "build", "createdAt", "cwd", "processes", "hooks", "env"],
    ["probe", "cron", "volumes", "limits"],
  );
  samePlace(found, where, app, "release", release);
  const { limits } = source;
  // No prototype: `constructor` is a valid process type and must not be found when it is not there.
  const processes = Object.create(null) as Record<string, ProcessSpec>;
  for (const [type, spec] of entries(found["processes"], `${where}: processes`, limits.perRecord)) {
    processes[processTypeOf(type, `${where}: process ${quote(type)}`)] = processOf(spec, `${where}: ${type}`, limits);
  }
  const hooks = list(found["hooks"], `${where}: hooks`, limits.perRecord).map((hook, index) => {
    const at = `${where}: hook ${index}`;
    const one = fields(hook, at, ["name", "command", "timeout"]);
    return {
      name: processTypeOf(one["name"], `${at}: name`),
      command: command(one["command"], at, limits),
      timeout: seconds(one["timeout"], `${at}: timeout`, limits.jobTimeout),
    };
  });
  return {
    version: 1,
    app,
    release,
    build: whole(found["build"], `${where}: build`, 0, numberMax),
    createdAt: text(found["createdAt"], `${where}: createdAt`, 64),
    cwd: cwdOf(found["cwd"], `${where}: cwd`),
    processes,
    hooks,
    ...(found["probe"] === undefined ? {} : { probe: probeOf(found["probe"], `${where}: probe`, limits) }),
    ...(found["cron"] === undefined ? {} : { cron: cronOf(found["cron"], `${where}: cron`, limits) }),
    ...(found["volumes"] === undefined ? {} : { volumes: volumesOf(found["volumes"], `${where}: volumes`) }),
    ...(found["limits"] === undefined
      ? {}
      : { limits: limitsRecord(found["limits"], `${where}: limits`, limits.perRecord) }),
    env: text(found["env"], `${where}: env`, limits.recordBytes),
  };
}

function probeOf(value: unknown, where: string, limits: Limits): NonNullable<ReleaseRecord["probe"]> {
  const found = fields(value, where, ["command", "timeout"]);
  return {
    command: command(found["command"], where, limits),
    timeout: seconds(found["timeout"], `${where}: timeout`, limits.probeTimeout),
  };
}

function cronOf(value: unknown, where: string, limits: Limits): readonly CronSpec[] {
  const names = new Set<string>();
  return list(value, where, limits.perRecord).map((job, index) => {
    const at = `${where}: job ${index}`;
    const found = fields(job, at, ["name", "schedule", "timeZone", "command", "overlap", "timeout"]);
    const name = processTypeOf(found["name"], `${at}: name`);
    if (names.has(name)) throw invalid(`${at}: name`, "is taken by another job");
    names.add(name);
    const schedule = text(found["schedule"], `${at}: schedule`, scheduleMax);
    const parsed = parseCronSchedule(schedule);
    if (typeof parsed === "string") throw invalid(`${at}: schedule`, parsed);
    const timeZone = text(found["timeZone"], `${at}: timeZone`, 64);
    if (!isTimeZone(timeZone)) throw invalid(`${at}: timeZone`, "is not known");
    return {
      name,
      schedule,
      timeZone,
      command: command(found["command"], at, limits),
      overlap: oneOf(found["overlap"], `${at}: overlap`, cronOverlaps),
      timeout: seconds(found["timeout"], `${at}: timeout`, limits.cronTimeout),
    };
  });
}

export function readBuild(source: RecordSource, app: string, build: number): BuildRecord {
  const where = `build ${build} of ${app}`;
  const { limits } = source;
  const found = fields(
    readRecord(source, app, "builds", build, "build.json", where),
    where,
    ["version", "app", "build", "steps", "env"],
    ["limits", "network"],
  );
  samePlace(found, where, app, "build", build);
  if (found["network"] !== undefined && found["network"] !== false) throw invalid(`${where}: network`, "is not false");
  const steps = list(found["steps"], `${where}: steps`, limits.perRecord).map((step, index) =>
    stepOf(step, `${where}: step ${index}`, limits),
  );
  return {
    version: 1,
    app,
    build,
    steps,
    ...(found["network"] === undefined ? {} : { network: false }),
    ...(found["limits"] === undefined
      ? {}
      : { limits: limitsRecord(found["limits"], `${where}: limits`, limits.perRecord) }),
    env: text(found["env"], `${where}: env`, limits.recordBytes),
  };
}

/** Opens a record's environment and checks it. Its values never appear in a message. */
export function recordEnv(
  source: RecordSource,
  kind: "build" | "release",
  app: string,
  number: number,
  sealed: string,
): Record<string, string> {
  const where = `the environment of ${kind} ${number} of ${app}`;
  return envOf(openSealed(source, kind, app, number, sealed, where), where);
}

/** What a record has sealed, as it is. */
export function openSealed(
  source: RecordSource,
  kind: "build" | "release" | "session",
  app: string,
  number: number,
  sealed: string,
  where: string,
): unknown {
  try {
    return JSON.parse(unseal(source.masterKey(), recordEnvContext(kind, app, number), sealed));
  } catch (error) {
    throw new Refusal("invalid", `${where} cannot be opened${error instanceof AppError ? "" : " (no JSON)"}.`);
  }
}

/** An environment whose names and values a process can have. */
export function envOf(plain: unknown, where: string): Record<string, string> {
  const env = Object.create(null) as Record<string, string>;
  for (const [name, value] of entries(plain, where, 2000)) {
    if (!isEnvName(name)) throw invalid(where, `has the name ${quoteStart(name)}, which no variable can have`);
    // The kernel takes 128 KiB for one NAME=value.
    env[name] = text(value, `${where}: ${name}`, 100_000);
  }
  return env;
}

export function readRecord(
  source: RecordSource,
  app: string,
  kind: string,
  number: number,
  file: string,
  where: string,
): unknown {
  // The caller checked both; a path is made of them, so they are checked where it is made, too.
  if (!isAppName(app) || !Number.isSafeInteger(number) || number < 0) throw invalid(where, "has no valid name");
  let body: string;
  try {
    body = readFileInside(source.apps, [app, kind, String(number), file], source.limits.recordBytes);
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal(error.code, `The record of ${where}: ${error.message}`);
    throw error;
  }
  try {
    return JSON.parse(body);
  } catch {
    throw invalid(`The record of ${where}`, "is no JSON");
  }
}

export function samePlace(
  found: Readonly<Record<string, unknown>>,
  where: string,
  app: string,
  kind: string,
  number: number,
): void {
  if (found["version"] !== 1) throw invalid(where, "has a version that this supervisor does not know");
  if (appNameOf(found["app"], `${where}: app`) !== app) throw invalid(where, "names another app");
  if (found[kind] !== number) throw invalid(where, `names another ${kind}`);
}

function processOf(value: unknown, where: string, limits: Limits): ProcessSpec {
  const found = fields(value, where, ["command", "count", "listens", "startTimeout", "stopTimeout"], ["restart"]);
  return {
    command: command(found["command"], where, limits),
    count: whole(found["count"], `${where}: count`, 0, limits.perType),
    listens: oneOf(found["listens"], `${where}: listens`, ["http", "none"]),
    startTimeout: seconds(found["startTimeout"], `${where}: startTimeout`, limits.startTimeout),
    stopTimeout: seconds(found["stopTimeout"], `${where}: stopTimeout`, limits.stopTimeout),
    ...(found["restart"] === undefined
      ? {}
      : { restart: oneOf(found["restart"], `${where}: restart`, restartPolicies) }),
  };
}

function stepOf(value: unknown, where: string, limits: Limits): BuildStep {
  const found = fields(value, where, ["name", "argv", "cwd", "timeout"], ["failure", "failureText"]);
  const argv = list(found["argv"], `${where}: argv`, 1000).map((word) =>
    text(word, `${where}: argv`, limits.commandBytes),
  );
  if (argv[0] === undefined || argv[0] === "") throw invalid(`${where}: argv`, "is empty");
  return {
    name: text(found["name"], `${where}: name`, 200),
    argv,
    cwd: cwdOf(found["cwd"], `${where}: cwd`),
    timeout: seconds(found["timeout"], `${where}: timeout`, limits.jobTimeout),
    ...(found["failure"] === undefined
      ? {}
      : { failure: oneOf(found["failure"], `${where}: failure`, ["LOCK_MISMATCH", "RUNTIME_MISSING"]) }),
    ...(found["failureText"] === undefined
      ? {}
      : { failureText: text(found["failureText"], `${where}: failureText`, 200) }),
  };
}

function command(value: unknown, where: string, limits: Limits): string {
  const found = text(value, `${where}: command`, limits.commandBytes);
  if (found.trim() === "") throw invalid(`${where}: command`, "is empty");
  return found;
}

function cwdOf(value: unknown, where: string): string {
  const found = text(value, where, 1000);
  relativeParts(found, where);
  return found;
}
