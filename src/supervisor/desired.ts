/**
 * The desired state: what should run, in one versioned file that only the supervisor writes. It outlives `hop3d` and the
 * supervisor; facts of a process (pid, state) are not in it, they are read from the system.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { AppError, isNodeError } from "#core/errors.ts";
import { replaceFile } from "./atomic-file.ts";
import { Refusal } from "./refusal.ts";
import {
  appNameOf,
  entries,
  fields,
  flag,
  invalid,
  list,
  numberMax,
  oneOf,
  processTypeOf,
  text,
  whole,
} from "./shape.ts";

export type Group = { readonly release: number; readonly type: string; readonly count: number };

/** What stays the same over restarts of one instance. */
export type DesiredInstance = {
  /** 8 characters of base 36, unique; names directories, and marks its processes. */
  readonly id: string;
  readonly release: number;
  readonly type: string;
  /** From 1. */
  readonly index: number;
  /** TCP port; null for a process that does not listen. */
  readonly port: number | null;
  /** False until its release was made the live one: an unproven instance gets one try. */
  readonly proven: boolean;
  /** Set when it is to go: until when (ms since the epoch) its connections may keep it. */
  readonly leavingUntil: number | null;
  /**
   * Set when it is to run on for a while after it has left: until when (ms since the epoch). It drains while
   * `leavingUntil` is set as well, and is kept warm from then on.
   */
  readonly warmUntil: number | null;
  /** Set when it has ended for good: it is not started again until somebody asks for that. */
  readonly over: Over | null;
};

/** How it came that one is not started again. */
export type Over = {
  /** By its restart policy, or because it came back too often in a row. */
  readonly how: "ended" | "exhausted";
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** For people, such as `exit 1`. */
  readonly exit: string;
  /** With exit 0. */
  readonly clean: boolean;
};

/** True for one that its release wants: neither on its way out nor kept warm. */
export function stays({ leavingUntil, warmUntil }: DesiredInstance): boolean {
  return leavingUntil === null && warmUntil === null;
}

/** True for one that has left and runs on for a while. */
export function isKept({ leavingUntil, warmUntil }: DesiredInstance): boolean {
  return leavingUntil === null && warmUntil !== null;
}

export type DesiredApp = {
  readonly stopped: boolean;
  readonly live: number | null;
  /** What each started release should have; those of the live one stay while the app is stopped. */
  readonly groups: readonly Group[];
  readonly instances: readonly DesiredInstance[];
};

export type Desired = ReadonlyMap<string, DesiredApp>;

/** 1: without `warmUntil`; 2: without `over`. */
export const desiredVersion = 3;
export const unknownApp: DesiredApp = { stopped: false, live: null, groups: [], instances: [] };

export function isInstanceId(id: string): boolean {
  return /^[a-z0-9]{8}$/.test(id);
}

export function renderDesired(desired: Desired): string {
  return `${JSON.stringify({ version: desiredVersion, apps: Object.fromEntries(desired) }, undefined, 1)}\n`;
}

/** Throws a Refusal that names the first thing that is wrong. */
export function parseDesired(body: string): Desired {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw invalid("The desired state", "is no JSON");
  }
  const found = fields(value, "The desired state", ["version", "apps"]);
  const version = whole(found["version"], "The desired state: version", 1, desiredVersion);
  const apps = new Map<string, DesiredApp>();
  for (const [name, app] of entries(found["apps"], "apps", 100_000))
    apps.set(appNameOf(name, "An app"), appOf(app, name, version));
  return apps;
}

function appOf(value: unknown, where: string, version: number): DesiredApp {
  const found = fields(value, where, ["stopped", "live", "groups", "instances"]);
  return {
    stopped: flag(found["stopped"], `${where}: stopped`),
    live: found["live"] === null ? null : whole(found["live"], `${where}: live`, 0, numberMax),
    groups: list(found["groups"], `${where}: groups`, 10_000).map((one) => {
      const group = fields(one, `${where}: group`, ["release", "type", "count"]);
      return {
        release: whole(group["release"], `${where}: release`, 0, numberMax),
        type: processTypeOf(group["type"], `${where}: type`),
        count: whole(group["count"], `${where}: count`, 0, 10_000),
      };
    }),
    instances: list(found["instances"], `${where}: instances`, 100_000).map((one) =>
      instanceOf(one, `${where}: instance`, version),
    ),
  };
}

function instanceOf(value: unknown, where: string, version: number): DesiredInstance {
  const keys = ["id", "release", "type", "index", "port", "proven", "leavingUntil"];
  const found = fields(value, where, [
    ...keys,
    ...(version >= 2 ? ["warmUntil"] : []),
    ...(version >= 3 ? ["over"] : []),
  ]);
  const id = text(found["id"], `${where}: id`, 8);
  if (!isInstanceId(id)) throw invalid(`${where}: id`, "is not an id");
  return {
    id,
    release: whole(found["release"], `${where}: release`, 0, numberMax),
    type: processTypeOf(found["type"], `${where}: type`),
    index: whole(found["index"], `${where}: index`, 1, 100_000),
    port: found["port"] === null ? null : whole(found["port"], `${where}: port`, 1, 65_535),
    proven: flag(found["proven"], `${where}: proven`),
    leavingUntil: momentOf(found["leavingUntil"], `${where}: leavingUntil`),
    warmUntil: version === 1 ? null : momentOf(found["warmUntil"], `${where}: warmUntil`),
    over: version < 3 || found["over"] === null ? null : overOf(found["over"], `${where}: over`),
  };
}

function overOf(value: unknown, where: string): Over {
  const found = fields(value, where, ["how", "at", "exit", "clean"]);
  return {
    how: oneOf(found["how"], `${where}: how`, ["ended", "exhausted"]),
    at: whole(found["at"], `${where}: at`, 0, Number.MAX_SAFE_INTEGER),
    exit: text(found["exit"], `${where}: exit`, 4096),
    clean: flag(found["clean"], `${where}: clean`),
  };
}

/** Milliseconds since the epoch, or null. */
function momentOf(value: unknown, where: string): number | null {
  return value === null ? null : whole(value, where, 0, Number.MAX_SAFE_INTEGER);
}

/**
 * Reads the file; nothing there is an empty state. A newer version is refused: this supervisor would drop what it does
 * not know. What cannot be read is set aside under another name and told to `warn`, never overwritten; the state before
 * the last change takes its place. `known` is false when that was not to be had either: then nobody may conclude that
 * what runs is not wanted.
 */
export function loadDesired(
  path: string,
  now: number,
  warn: (message: string, fields: Record<string, string>) => void,
): { readonly desired: Desired; readonly known: boolean } {
  const found = tryLoad(path, now);
  if (found === undefined) return { desired: new Map(), known: true };
  if (!(found instanceof Refusal)) return { desired: found, known: true };
  const aside = `${path}.corrupt-${now}`;
  renameSync(path, aside);
  const before = tryLoad(previous(path), now);
  const known = before !== undefined && !(before instanceof Refusal);
  warn(
    `${found.message} It was set aside${known ? "; the state before its last change is used" : "; nothing is known of any app"}.`,
    {
      aside,
    },
  );
  return { desired: known ? before : new Map(), known };
}

function tryLoad(path: string, now: number): Desired | Refusal | undefined {
  let body: string;
  try {
    body = readFileSync(path, "utf8");
  } catch (error) {
    if (isNodeError(error) && error.code === "ENOENT") return undefined;
    throw error;
  }
  refuseNewer(body, path);
  try {
    return withClockSetBack(parseDesired(body), statSync(path).mtimeMs - now);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/**
 * Moments as this clock has them: when the file is from the future by `ms`, the clock was set back by that much at least,
 * and who was to go in half a minute would stay for as much longer.
 */
function withClockSetBack(desired: Desired, ms: number): Desired {
  if (ms <= 0) return desired;
  const moved = (moment: number | null) => (moment === null ? null : Math.max(0, Math.round(moment - ms)));
  return new Map(
    [...desired].map(([name, app]) => {
      const instances = app.instances.map((one) => ({
        ...one,
        leavingUntil: moved(one.leavingUntil),
        warmUntil: moved(one.warmUntil),
      }));
      return [name, { ...app, instances }];
    }),
  );
}

function refuseNewer(body: string, path: string): void {
  const version = /"version"\s*:\s*(\d{1,9})/.exec(body.slice(0, 200))?.[1];
  if (version === undefined || Number(version) <= desiredVersion) return;
  throw new AppError(
    "CONFLICT",
    `${path} was written by a newer Hop3 (version ${version}; this one knows ${desiredVersion}).`,
    {
      hint: "Start the newer Hop3 again.",
    },
  );
}

const previous = (path: string): string => `${path}.previous`;

export function saveDesired(path: string, desired: Desired): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  rmSync(previous(path), { force: true });
  try {
    linkSync(path, previous(path));
  } catch (error) {
    if (!isNodeError(error) || error.code !== "ENOENT") throw error;
  }
  replaceFile(path, renderDesired(desired), { durable: true });
}
