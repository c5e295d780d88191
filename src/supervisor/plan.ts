/** Which instances a release needs and has, and which have to be made; nothing is started or written down here. */
import type { ProcessSpec, ReleaseRecord } from "#core/records.ts";
import type { Apps } from "./apps.ts";
import { stays, type DesiredApp, type DesiredInstance, type Group } from "./desired.ts";
import { Refusal } from "./refusal.ts";
import { webType } from "./slot-addresses.ts";
import { findWarm, isWarm } from "./warm.ts";

/** What is taken over of old instances that are kept, and what has to be started beside. */
export async function planWithWarm(
  apps: Apps,
  app: string,
  record: ReleaseRecord,
  groups: readonly Group[],
): Promise<{ readonly taken: readonly string[]; readonly planned: readonly DesiredInstance[] }> {
  const count = groups.find((group) => group.type === webType)?.count ?? 0;
  for (;;) {
    const warm = findWarm(apps, app, record, count);
    const planned = await planAll(apps, app, record, groups, false, (_, type) => (type === webType ? warm : []));
    // While ports were looked for, one may have come to its end.
    if (warm.every((one) => isWarm(apps, one))) return { taken: warm.map((one) => one.id), planned };
  }
}

/**
 * Plans anew until nothing of the app has changed meanwhile: another verb may have had its own plan carried out while this one
 * looked for ports, and two would fill the same places, or those of an app that is to be down.
 */
export async function unchanged<Plan>(apps: Apps, app: string, plan: () => Promise<Plan>): Promise<Plan> {
  for (;;) {
    const before = apps.find(app);
    const planned = await plan();
    if (apps.find(app) === before) return planned;
  }
}

/** Instances that each group lacks, with the lowest free indexes. */
export async function planAll(
  apps: Apps,
  app: string,
  record: ReleaseRecord,
  groups: readonly Group[],
  proven: boolean,
  present: (release: number, type: string) => readonly { readonly index: number }[] = (release, type) =>
    staying(apps, app, release).filter((one) => one.type === type),
): Promise<DesiredInstance[]> {
  const wanted = groups.flatMap((group) => {
    const used = new Set(present(group.release, group.type).map((one) => one.index));
    const missing = Math.max(0, group.count - used.size);
    const free = Array.from({ length: missing + used.size }, (_, index) => index + 1).filter(
      (index) => !used.has(index),
    );
    return free.slice(0, missing).map((index) => ({ group, index }));
  });
  if (apps.count() + wanted.length > apps.options.limits.instances) {
    throw new Refusal("conflict", `More than ${apps.options.limits.instances} instances would run.`);
  }
  const planned: DesiredInstance[] = [];
  const ports = new Set<number>();
  for (const { group, index } of wanted) {
    const spec = specOf(record, group.type);
    planned.push(await apps.plan(group.release, group.type, index, spec, proven, ports));
  }
  return planned;
}

export function staying(apps: Apps, app: string, release: number): DesiredInstance[] {
  return (apps.find(app)?.instances ?? [])
    .filter((one) => one.release === release && stays(one))
    .sort((a, b) => a.index - b.index);
}

export function groupsOf(record: ReleaseRecord, desired: DesiredApp): Group[] {
  return Object.entries(record.processes).map(([type, spec]) => {
    const group = desired.groups.find((one) => one.release === record.release && one.type === type);
    return { release: record.release, type, count: group?.count ?? spec.count };
  });
}

export function specOf(record: ReleaseRecord, type: string): ProcessSpec {
  const spec = record.processes[type];
  if (spec === undefined)
    throw new Refusal("unknown", `Release ${record.release} of ${record.app} has no process ${type}.`);
  return spec;
}
