/**
 * Old web instances that run on for a while after their release has left, in no slot, so that the way back to it needs no
 * start. A release that runs the very same thing takes them over; when their time is over, or the host's memory is short,
 * they end as any other. One release of an app is kept, the one that left last. Nobody restarts what ends meanwhile.
 */
import { isDeepStrictEqual } from "node:util";
import type { ReleaseRecord } from "#core/records.ts";
import type { Apps } from "./apps.ts";
import { isKept, type DesiredInstance } from "./desired.ts";
import { recordEnv } from "./records.ts";
import { Refusal } from "./refusal.ts";
import { webType } from "./slot-addresses.ts";

/**
 * Instances that are kept and run what the web process of this release is, one at most for each of the places 1 to
 * `count`. An instance keeps its place, for its name is in its environment and in the path of its log.
 */
export function findWarm(apps: Apps, app: string, record: ReleaseRecord, count: number): DesiredInstance[] {
  const found = new Map<number, DesiredInstance>();
  for (const one of apps.find(app)?.instances ?? []) {
    if (one.index > count || found.has(one.index) || !isWarm(apps, one)) continue;
    if (runsTheSame(apps, app, record, one.release)) found.set(one.index, one);
  }
  return [...found.values()];
}

/** True while it could serve at once. */
export function isWarm(apps: Apps, one: DesiredInstance): boolean {
  const running = apps.running.get(one.id);
  return (
    isKept(one) && one.type === webType && running?.state === "warm" && running.isAlive && running.address !== null
  );
}

/** By what the records say: the same tree and folder, volumes, command, limits and environment. Other processes may differ. */
function runsTheSame(apps: Apps, app: string, record: ReleaseRecord, other: number): boolean {
  const { records } = apps.options;
  try {
    const kept = apps.release(app, other);
    const whatRuns = (one: ReleaseRecord) => ({
      build: one.build,
      cwd: one.cwd,
      volumes: one.volumes ?? [],
      // How many there are is nothing that one of them knows.
      limits: one.limits,
      web: { ...one.processes[webType], count: 0 },
      env: recordEnv(records, "release", app, one.release, one.env),
    });
    return record.processes[webType] !== undefined && isDeepStrictEqual(whatRuns(record), whatRuns(kept));
  } catch (error) {
    // Its record is gone or no record: then nobody knows what it runs.
    if (error instanceof Refusal) return false;
    throw error;
  }
}

/** Of these, those that may be kept when they have drained: what served requests. Workers of two releases never both work. */
export function mayBeKept(instances: readonly DesiredInstance[]): string[] {
  return instances.filter((one) => one.type === webType && one.proven).map((one) => one.id);
}

/** Nothing of the app's other releases is to be kept from now on; returns the ids of those that are, which have to go. */
export function keepNoOther(apps: Apps, app: string, release: number): string[] {
  const others = apps.known(app).instances.filter((one) => one.release !== release && one.warmUntil !== null);
  const draining = others.filter((one) => !isKept(one)).map((one) => one.id);
  if (draining.length > 0) apps.change(app, draining, { warmUntil: null });
  for (const id of draining) {
    const one = apps.running.get(id);
    if (one !== undefined) one.warmEnds = -Infinity;
  }
  return others.filter(isKept).map((one) => one.id);
}
