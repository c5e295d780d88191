/**
 * After the supervisor's own death, or a reboot: brings what runs and what is desired together. Runs are found by their
 * directories, processes by pid and start time. What runs and is not desired is ended, what is desired and does not
 * run is started, and nothing that runs and is desired notices.
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Apps } from "./apps.ts";
import { isKept, stays, type DesiredInstance } from "./desired.ts";
import { findRun, type Run } from "./run.ts";
import type { Sessions } from "./sessions.ts";
import { fingerprintOf, serviceId, type ServiceDefinition, type Services } from "./services.ts";
import { killTree } from "./terminate.ts";

type Log = (message: string, fields?: Readonly<Record<string, string | number>>) => void;

export async function adoptServices(
  definitions: readonly ServiceDefinition[],
  services: Services,
  apps: Apps,
  sessions: Pick<Sessions, "isAny" | "untilNone">,
  signal: AbortSignal,
): Promise<void> {
  const { layout, log } = apps.options;
  const base = join(layout.supervisor, "services");
  const ids = new Map(definitions.map((one) => [serviceId(one.name, layout), one]));
  for (const id of names(base)) {
    const definition = ids.get(id);
    const run = await settle(join(base, id), id, definition !== undefined, apps, log);
    if (definition === undefined || run === undefined) continue;
    services.running.get(definition.name)?.adopt(run, true);
    // It runs with yesterday's command line or configuration.
    if (run.about.fingerprint === fingerprintOf(definition)) continue;
    if (definition.name !== "hop3d" || !sessions.isAny) services.restart(definition.name);
    // Terminals and one-off commands go through it: those that are open are not cut off, their time is bounded.
    else void sessions.untilNone(signal).then(() => signal.aborted || services.restart("hop3d"));
  }
}

/** `known` is false when the desired state was lost: then nothing that runs is ended. */
export async function adoptApps(apps: Apps, known: boolean): Promise<void> {
  const { layout, log } = apps.options;
  const base = join(layout.supervisor, "instances");
  const desired = new Map<string, { readonly app: string; readonly instance: DesiredInstance }>();
  for (const app of apps.names())
    for (const instance of apps.known(app).instances) desired.set(instance.id, { app, instance });
  if (!known) {
    log("what runs is left alone, since the desired state is lost", { instances: names(base).length });
    return;
  }
  for (const id of names(base)) {
    const wanted = desired.get(id);
    const run = await settle(join(base, id), id, wanted !== undefined, apps, log);
    if (wanted === undefined) remove(apps, id);
    else if (run !== undefined) takeOver(apps, wanted.app, wanted.instance, run);
  }
  for (const id of [layout.instanceSockets, layout.doors].flatMap(names)) if (!desired.has(id)) remove(apps, id);
  // First, for what is not wanted any more gets its TERM.
  for (const app of apps.names()) apps.writeSlots(app);
  for (const { app, instance } of desired.values()) restore(apps, app, instance);
}

function takeOver(apps: Apps, app: string, instance: DesiredInstance, run: Run): void {
  const one = apps.supervise(app, instance);
  const { leavingUntil, warmUntil } = instance;
  if (leavingUntil !== null) one.adoptLeaving(run, leavingUntil, warmUntil);
  else if (warmUntil !== null) one.adoptWarm(run, warmUntil);
  else one.adopt(run, instance.proven);
}

/** Brings one desired instance, adopted or not, to where it should be. */
function restore(apps: Apps, app: string, instance: DesiredInstance): void {
  const { live, stopped } = apps.known(app);
  const adopted = apps.running.has(instance.id);
  const one = apps.supervise(app, instance);
  const isLive = instance.release === live && !stopped;
  // Unproven beside the live ones: a restart whose asker is gone. The old instances still serve.
  const unwanted = (isLive && !instance.proven) || (stopped && (instance.release === live || isKept(instance)));
  if (unwanted || (!stays(instance) && !adopted)) one.dispatch("stop");
  else if (adopted) return;
  else if (instance.over !== null)
    one.rest(instance.over.how, instance.over.exit, instance.over.clean, instance.over.at);
  else if (isLive) one.dispatch("begin");
  // A release that is not live does not come back by itself: `hop3d` finds it failed and tries or retires it.
  else one.rest("failed", "the supervisor was stopped while it ran");
}

/**
 * Makes order in the directory of one instance: returns the run that goes on, if one does and is wanted; ends all others,
 * with their last words saved.
 */
async function settle(
  directory: string,
  mark: string,
  wanted: boolean,
  apps: Apps,
  log: Log,
): Promise<Run | undefined> {
  const { clock, run: context } = apps.options;
  const runs = names(directory).map((name) => ({
    path: join(directory, name),
    run: findRun(join(directory, name), context),
  }));
  const living = wanted
    ? runs.findLast(({ run }) => run?.outcome().kind === "running" && run.marked.app !== undefined)
    : undefined;
  if (living === undefined) {
    const marked = runs.at(-1)?.run?.marked ?? { mark };
    if (!(await killTree({ ...marked, mark }, clock))) log("a process outlives KILL", { id: mark });
  }
  for (const one of runs) {
    if (one === living) continue;
    if (one.run === undefined) rmSync(one.path, { recursive: true, force: true });
    else await one.run.finish();
  }
  return living?.run;
}

function remove(apps: Apps, id: string): void {
  const { layout } = apps.options;
  for (const path of [join(layout.doors, id), join(layout.instanceSockets, id), apps.directory(id)]) {
    rmSync(path, { recursive: true, force: true });
  }
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}
