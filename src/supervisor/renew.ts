/**
 * The instances of the live release replaced by new ones of the same release, in two steps between which `hop3d` may probe
 * the new ones: until they take over they are unproven and out of the slots, and a death of the supervisor ends them. So
 * whoever dies, no place is taken twice.
 */
import { launch, running, untilReady } from "./app-verbs.ts";
import type { Apps } from "./apps.ts";
import type { DesiredInstance } from "./desired.ts";
import { graceEnd, leave, letGo } from "./leave.ts";
import { groupsOf, planAll, staying, unchanged } from "./plan.ts";
import type { AppStatus } from "./protocol.ts";
import { Refusal } from "./refusal.ts";
import { exitsNoticed, hasEndedWell } from "./whole-release.ts";

/** One of a type, 1-based, as in `web.1`. */
export type Place = { readonly type: string; readonly index: number };

const at = (one: Place): string => `${one.type}.${one.index}`;

/** For one place, or for all that the release should have. What an unfinished renewal has left is ended first. */
export async function renewLive(
  apps: Apps,
  app: string,
  place: Place | undefined,
  timeout: number,
): Promise<{ ready: boolean; status: AppStatus }> {
  running(apps, app);
  const planned = await unchanged(apps, app, async () => {
    await dropRenewal(apps, app);
    return planRenewal(apps, app, place);
  });
  apps.edit(app, (before) => ({ ...before, instances: [...before.instances, ...planned] }));
  launch(apps, app, planned, "try");
  const ids = planned.map((one) => one.id);
  const { ready, status } = await untilReady(apps, app, () => ids, timeout);
  return { ready, status: { ...status, instances: status.instances.filter(({ id }) => ids.includes(id)) } };
}

function planRenewal(apps: Apps, app: string, place: Place | undefined): Promise<DesiredInstance[]> {
  const desired = running(apps, app);
  const { live } = desired;
  const record = apps.release(app, live);
  if (place === undefined) return planAll(apps, app, record, groupsOf(record, desired), false, () => []);
  if (!staying(apps, app, live).some((one) => at(one) === at(place))) {
    throw new Refusal("unknown", `${app} has no ${at(place)}.`);
  }
  // The lowest free index is the one that is asked for.
  const wanted = [{ release: live, type: place.type, count: place.index }];
  const beside = () => Array.from({ length: place.index - 1 }, (_, index) => ({ type: place.type, index: index + 1 }));
  return planAll(apps, app, record, wanted, false, beside);
}

/** The new ones take their places and the old ones leave, in one change of what is desired. */
export async function swapRenewed(apps: Apps, app: string, drain: number): Promise<AppStatus> {
  await exitsNoticed(apps, staying(apps, app, running(apps, app).live));
  const { live } = running(apps, app);
  const present = staying(apps, app, live);
  const fresh = present.filter((one) => !one.proven);
  if (fresh.length === 0) throw new Refusal("conflict", `Nothing new of ${app} waits to take over.`);
  const unready = fresh.find(({ id }) => {
    const one = apps.running.get(id);
    return one?.state !== "ready" && !hasEndedWell(one);
  });
  if (unready !== undefined) throw new Refusal("conflict", `The new ${at(unready)} of ${app} is not ready any more.`);
  const places = new Set(fresh.map(at));
  const old = present.filter((one) => one.proven && places.has(at(one))).map((one) => one.id);
  const until = graceEnd(apps, drain);
  const swapped = (one: DesiredInstance): DesiredInstance => {
    if (fresh.some(({ id }) => id === one.id)) return { ...one, proven: true };
    return old.includes(one.id) ? { ...one, leavingUntil: until } : one;
  };
  apps.edit(app, (before) => ({ ...before, instances: before.instances.map(swapped) }));
  apps.writeSlots(app);
  for (const { id } of fresh) apps.running.get(id)?.dispatch("prove");
  await letGo(apps, app, old, until, drain);
  return apps.status(app);
}

/** Ends the new ones that have not taken over. */
export async function dropRenewal(apps: Apps, app: string): Promise<AppStatus> {
  const { live } = apps.known(app);
  const fresh = live === null ? [] : staying(apps, app, live).filter((one) => !one.proven);
  const ids = fresh.map((one) => one.id);
  await leave(apps, app, ids, 0);
  return apps.status(app);
}
