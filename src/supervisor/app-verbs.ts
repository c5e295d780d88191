/** What `hop3d` may ask for an app, each as a sequence: write down what shall be, act, wait. Arguments are checked already. */
import type { Apps } from "./apps.ts";
import { isKept, stays, type DesiredApp, type DesiredInstance } from "./desired.ts";
import type { InstanceState } from "./instance.ts";
import { graceEnd, leave, letGo } from "./leave.ts";
import { groupsOf, planAll, planWithWarm, specOf, staying, unchanged } from "./plan.ts";
import type { AppStatus } from "./protocol.ts";
import { Refusal } from "./refusal.ts";
import { claimedByAnother } from "./volumes/claims.ts";
import { keepNoOther, mayBeKept } from "./warm.ts";
import { exitsNoticed, hasEndedWell, refuseHalf } from "./whole-release.ts";

type Outcome = { ready: boolean; status: AppStatus };
export type Counts = ReadonlyMap<string, number>;

export async function startRelease(apps: Apps, app: string, release: number, counts: Counts): Promise<AppStatus> {
  const record = apps.release(app, release);
  for (const type of counts.keys()) specOf(record, type);
  const groups = Object.entries(record.processes).map(([type, spec]) => ({
    release,
    type,
    count: counts.get(type) ?? spec.count,
  }));
  refuseStarted(apps, app, release);
  if (apps.find(app) === undefined && apps.names().length >= apps.options.limits.apps) {
    throw new Refusal("conflict", `There are ${apps.options.limits.apps} apps already.`);
  }
  const { taken, planned } = await planWithWarm(apps, app, record, groups);
  refuseStarted(apps, app, release); // while ports were looked for, another request may have started it
  const claimed = claimedByAnother(apps, app, record.volumes ?? []);
  if (claimed !== undefined) throw new Refusal("conflict", claimed);
  const take = { release, proven: false, leavingUntil: null, warmUntil: null };
  apps.edit(app, (before) => ({
    ...before,
    groups: [...before.groups, ...groups],
    instances: [...before.instances.map((one) => (taken.includes(one.id) ? { ...one, ...take } : one)), ...planned],
  }));
  apps.writeSlots(app);
  for (const id of taken) apps.running.get(id)?.dispatch("take");
  launch(apps, app, planned, "try");
  return apps.status(app);
}

function refuseStarted(apps: Apps, app: string, release: number): void {
  const found = apps.find(app);
  const started = found?.groups.some((group) => group.release === release) === true;
  if (started || found?.live === release || found?.instances.some((one) => one.release === release) === true) {
    throw new Refusal("conflict", `Release ${release} of ${app} was started already.`);
  }
}

export async function awaitRelease(apps: Apps, app: string, release: number, timeout: number): Promise<Outcome> {
  const { groups, live } = apps.known(app);
  const isStarted = live === release || groups.some((group) => group.release === release);
  if (!isStarted && !isEmptyRelease(apps, app, release)) {
    throw new Refusal("unknown", `Release ${release} of ${app} was not started.`);
  }
  const ids = () => staying(apps, app, release).map((one) => one.id);
  return untilReady(apps, app, ids, timeout);
}

export async function cutOver(apps: Apps, app: string, release: number): Promise<AppStatus> {
  await exitsNoticed(apps, staying(apps, app, release));
  const desired = apps.known(app);
  if (desired.live === release && !desired.stopped) return apps.status(app);
  const started = desired.groups.filter((group) => group.release === release);
  const instances = staying(apps, app, release);
  if (started.length === 0 && !isEmptyRelease(apps, app, release)) {
    throw new Refusal("conflict", `Release ${release} of ${app} was not started.`);
  }
  refuseHalf(apps, `release ${release} of ${app}`, started, instances);
  // A renewal of what was live has nobody any more who would let it take over; a way back would have each place twice.
  const isFresh = (one: DesiredInstance) =>
    one.release === desired.live && one.release !== release && !one.proven && stays(one);
  const fresh = desired.instances.filter(isFresh);
  const until = graceEnd(apps, 0);
  const cut = (one: DesiredInstance): DesiredInstance => {
    if (one.release === release) return { ...one, proven: true };
    return isFresh(one) ? { ...one, leavingUntil: until } : one;
  };
  apps.edit(app, (before) => ({ ...before, stopped: false, live: release, instances: before.instances.map(cut) }));
  if (!apps.writeSlots(app)) {
    // Nothing of it shall be live then; where not even that can be written down, the slots follow when there is room.
    apps.edit(app, () => desired);
    apps.writeSlots(app);
    throw new Refusal("full", "The slots of the edge cannot be written: the server's disk is full.");
  }
  for (const one of instances) apps.running.get(one.id)?.dispatch("prove");
  for (const one of fresh) apps.running.get(one.id)?.dispatch("stop");
  return apps.status(app);
}

/** A release without any process (a static site, cron alone) is started by having no groups. */
function isEmptyRelease(apps: Apps, app: string, release: number): boolean {
  return Object.keys(apps.release(app, release).processes).length === 0;
}

/** `warm`: seconds from now for which its web instances are kept when they have drained; 0 for none. */
export async function retireRelease(
  apps: Apps,
  app: string,
  release: number,
  drain: number,
  warm: number,
): Promise<AppStatus> {
  const desired = apps.known(app);
  if (desired.live === release) throw new Refusal("conflict", `Release ${release} is the live one of ${app}.`);
  const mine = desired.instances.filter((one) => one.release === release && !(warm > 0 && isKept(one)));
  const kept = warm > 0 ? mayBeKept(mine) : [];
  const earlier = kept.length > 0 ? keepNoOther(apps, app, release) : [];
  const until = Math.round(apps.options.clock.now() + warm * 1000);
  const ids = mine.map((one) => one.id);
  const warmUntil = (id: string) => (kept.includes(id) ? until : null);
  const groups = (before: DesiredApp) => before.groups.filter((group) => group.release !== release);
  await Promise.all([leave(apps, app, ids, drain, { warmUntil, groups }), leave(apps, app, earlier, 0)]);
  return apps.status(app);
}

export async function scaleApp(
  apps: Apps,
  app: string,
  counts: Counts,
  drain: number,
  timeout: number,
): Promise<Outcome> {
  // New ones of a renewal that has not taken over are none of these places.
  const present = (release: number, type: string) =>
    staying(apps, app, release).filter((one) => one.type === type && one.proven);
  const { desired, groups, planned } = await unchanged(apps, app, async () => {
    const desired = running(apps, app);
    const record = apps.release(app, desired.live);
    for (const type of counts.keys()) specOf(record, type);
    const groups = groupsOf(record, desired).map((one) => ({ ...one, count: counts.get(one.type) ?? one.count }));
    return { desired, groups, planned: await planAll(apps, app, record, groups, true, present) };
  });
  const ofType = groups.map((group) => ({ group, mine: present(group.release, group.type) }));
  const surplus = ofType.flatMap(({ group, mine }) => mine.slice(group.count).map((one) => one.id));
  // What is to go is counted until it goes: else a death in between would leave it running, wanted by nobody.
  const grown = ofType.map(({ group, mine }) => ({ ...group, count: Math.max(group.count, mine.length) }));
  const others = (before: DesiredApp) => before.groups.filter((group) => group.release !== desired.live);
  apps.edit(app, (before) => ({
    ...before,
    groups: [...others(before), ...grown],
    instances: [...before.instances, ...planned],
  }));
  const counted = (before: DesiredApp) =>
    before.groups.map((one) => groups.find(({ release, type }) => release === one.release && type === one.type) ?? one);
  launch(apps, app, planned, "begin");
  const { ready } = await untilReady(apps, app, () => planned.map((one) => one.id), timeout);
  if (surplus.length > 0) await leave(apps, app, surplus, drain, { groups: counted });
  return { ready, status: apps.status(app) };
}

export async function stopApp(apps: Apps, app: string): Promise<AppStatus> {
  const until = graceEnd(apps, 0);
  const { instances } = apps.edit(app, () => {
    const before = apps.known(app);
    return {
      ...before,
      stopped: true,
      groups: before.groups.filter((group) => group.release === before.live),
      instances: before.instances.map((one) => ({ ...one, leavingUntil: until, warmUntil: null })),
    };
  });
  const ids = instances.map((one) => one.id);
  await letGo(apps, app, ids, until, 0);
  return apps.status(app);
}

export async function resumeApp(apps: Apps, app: string, timeout: number): Promise<Outcome> {
  const { live, groups, planned } = await unchanged(apps, app, async () => {
    const desired = apps.known(app);
    const { live } = desired;
    if (live === null) throw new Refusal("conflict", `${app} has no live release to start.`);
    const record = apps.release(app, live);
    const groups = groupsOf(record, desired);
    return { live, groups, planned: await planAll(apps, app, record, groups, true) };
  });
  apps.edit(app, (before) => ({
    ...before,
    stopped: false,
    groups: [...before.groups.filter((group) => group.release !== live), ...groups],
    instances: [...before.instances, ...planned],
  }));
  launch(apps, app, planned, "begin");
  // What has ended for good starts, too: that is what was asked for.
  tryAgain(apps, app, live);
  return untilReady(apps, app, () => staying(apps, app, live).map((one) => one.id), timeout);
}

export async function resetRestarts(apps: Apps, app: string): Promise<AppStatus> {
  tryAgain(apps, app, running(apps, app).live);
  return apps.status(app);
}

function tryAgain(apps: Apps, app: string, release: number): void {
  const present = staying(apps, app, release);
  const over = present.filter((one) => one.over !== null).map((one) => one.id);
  if (over.length > 0) apps.change(app, over, { over: null });
  for (const { id } of present) apps.running.get(id)?.dispatch("reset");
}

export async function forgetApp(apps: Apps, app: string): Promise<Record<string, never>> {
  // Whatever another verb has started meanwhile goes, too: who is not known must not run.
  do await stopApp(apps, app);
  while (apps.known(app).instances.length > 0);
  apps.remove(app);
  return {};
}

export function launch(apps: Apps, app: string, planned: readonly DesiredInstance[], event: "try" | "begin"): void {
  for (const one of planned) apps.supervise(app, one).dispatch(event);
}

const downStates: ReadonlySet<InstanceState> = new Set(["failed", "rejecting", "backoff", "exhausted"]);

export async function untilReady(
  apps: Apps,
  app: string,
  ids: () => readonly string[],
  timeout: number,
): Promise<Outcome> {
  const first = new Map(ids().map((id) => [id, apps.running.get(id)?.crashes.restarts ?? 0]));
  const state = (id: string) => apps.running.get(id)?.state;
  const hasFailed = (id: string) => {
    const now = state(id);
    const restarted = (apps.running.get(id)?.crashes.restarts ?? 0) > (first.get(id) ?? 0);
    return (
      now === undefined || downStates.has(now) || (now === "ended" && !hasEndedWell(apps.running.get(id))) || restarted
    );
  };
  const allReady = () => ids().every((id) => state(id) === "ready" || hasEndedWell(apps.running.get(id)));
  await apps.until(() => allReady() || ids().some(hasFailed), timeout);
  return { ready: allReady(), status: apps.status(app) };
}

export function running(apps: Apps, app: string): DesiredApp & { readonly live: number } {
  const desired = apps.known(app);
  const { live } = desired;
  if (live === null) throw new Refusal("conflict", `${app} has no live release.`);
  if (desired.stopped) throw new Refusal("conflict", `${app} is stopped.`);
  return { ...desired, live };
}
