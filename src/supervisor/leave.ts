/** How instances go: written down first, taken out of the slots, drained, ended. */
import type { Apps } from "./apps.ts";
import { warmEnd } from "./cool.ts";
import type { DesiredApp, DesiredInstance, Group } from "./desired.ts";
import { Refusal } from "./refusal.ts";

type Leaving = {
  readonly warmUntil?: (id: string) => number | null;
  /** What is wanted without them, in the same change of the desired state: a death in between leaves nobody unwanted. */
  readonly groups?: (before: DesiredApp) => readonly Group[];
};

/** Marks the instances as leaving, lets them go and waits until nothing of them is left but what is kept. */
export async function leave(
  apps: Apps,
  app: string,
  ids: readonly string[],
  drain: number,
  { warmUntil = () => null, groups }: Leaving = {},
): Promise<void> {
  if (apps.find(app) === undefined) return; // forgotten meanwhile, with all of them
  if (ids.length === 0 && groups === undefined) return void apps.writeSlots(app);
  const until = graceEnd(apps, drain);
  const leaving = (one: DesiredInstance) =>
    ids.includes(one.id) ? { ...one, leavingUntil: until, warmUntil: warmUntil(one.id) } : one;
  apps.edit(app, (before) => ({
    ...before,
    groups: groups?.(before) ?? before.groups,
    instances: before.instances.map(leaving),
  }));
  await letGo(apps, app, ids, until, drain, warmUntil);
}

/** When `drain` seconds will be over, in milliseconds since the epoch. */
export function graceEnd(apps: Apps, drain: number): number {
  return Math.round(apps.options.clock.now() + drain * 1000);
}

/** For instances that are marked as leaving, once no slot leads to them; `until` is when their grace ends. */
export async function letGo(
  apps: Apps,
  app: string,
  ids: readonly string[],
  until: number,
  drain: number,
  warmUntil: (id: string) => number | null = () => null,
): Promise<void> {
  await slotsWritten(apps, app);
  for (const id of ids) {
    const one = apps.running.get(id);
    if (one === undefined) continue;
    one.graceUntil = until;
    one.warmEnds = warmEnd(warmUntil(id), apps.options.clock);
    one.dispatch(drain > 0 ? "retire" : "stop");
  }
  const isGone = (id: string) => !apps.running.has(id) || apps.running.get(id)?.state === "warm";
  await apps.until(() => ids.every(isGone), Number.MAX_SAFE_INTEGER);
}

/**
 * Nobody goes who may still be sent a request: on a full disk they stay until the edge can be told otherwise. A stopped app
 * has nobody to wait for.
 */
async function slotsWritten(apps: Apps, app: string): Promise<void> {
  for (let waited = 0; !apps.writeSlots(app) && !apps.known(app).stopped; waited += slotsLook) {
    if (waited >= slotsWait)
      throw new Refusal("full", "The slots of the edge cannot be written: the server's disk is full.");
    await apps.options.clock.sleep(slotsLook);
  }
}

/** Milliseconds between two looks, and for which a verb waits for slots to be written. */
const slotsLook = 250;
const slotsWait = 30_000;
