/**
 * All or nothing: a release becomes the live one with every process that it should have, of every type, or not at all.
 * What crashed and came back has not proved itself, and there is no such thing here: an unproven instance has one try.
 */
import type { Apps } from "./apps.ts";
import type { DesiredInstance, Group } from "./desired.ts";
import { Refusal } from "./refusal.ts";
import type { Supervised } from "./supervised.ts";

/** Seconds from the death of a process to its last words in the log, at most. */
const noticeMax = 15;

/** True for one that has done what it was started for: its policy lets it stay ended after exit 0. */
export function hasEndedWell(one: Pick<Supervised, "state" | "failure"> | undefined): boolean {
  return one?.state === "ended" && one.failure === null;
}

/** Waits for the ends of those that are dead already, so that whoever is refused because of one is told how it ended. */
export async function exitsNoticed(apps: Apps, instances: readonly DesiredInstance[]): Promise<void> {
  const isUnnoticed = ({ id }: DesiredInstance): boolean => {
    const one = apps.running.get(id);
    return one?.state === "ready" && !one.isAlive;
  };
  await apps.until(() => !instances.some(isUnnoticed), noticeMax);
}

/**
 * Throws a Refusal that names the first thing that is missing. Of what was live before, whose processes come back by
 * themselves, one that serves is enough.
 */
export function refuseHalf(
  apps: Apps,
  what: string,
  groups: readonly Group[],
  instances: readonly DesiredInstance[],
): void {
  const isReady = ({ id }: DesiredInstance): boolean => {
    const one = apps.running.get(id);
    return (one?.state === "ready" && one.isAlive) || hasEndedWell(one);
  };
  for (const { type, count } of groups) {
    const there = instances.filter((one) => one.type === type).length;
    if (there < count) throw new Refusal("conflict", `${there} of ${count} instances of ${type} are there in ${what}.`);
  }
  const down = instances.find((one) => !one.proven && !isReady(one));
  if (down !== undefined) throw new Refusal("conflict", `${down.type}.${down.index} of ${what} is not ready.`);
  const web = instances.filter((one) => one.type === "web");
  const must = web.length > 0 ? web : instances;
  if (must.length > 0 && !must.some(isReady)) throw new Refusal("conflict", `No instance of ${what} is ready.`);
}
