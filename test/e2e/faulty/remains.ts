/** What a platform that has come to rest may have on its disk and among its processes, and nothing else. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AppStatus } from "#supervisor/protocol.ts";
import { processesOf, type RunningPlatform } from "../platform.ts";

export type Remains = {
  /** Builds that have a tree, releases that have a record. */
  readonly trees: readonly string[];
  readonly releases: readonly string[];
};

export function remainsOf({ layout }: RunningPlatform, app: string): Remains {
  const builds = names(`${layout.app(app)}/builds`);
  return {
    trees: builds.filter((build) => existsSync(layout.buildTree(app, Number(build)))),
    releases: names(`${layout.app(app)}/releases`),
  };
}

/** Undefined when the platform is at rest and whole; else what is wrong. To be asked until it is undefined. */
export async function unrest(platform: RunningPlatform): Promise<string | undefined> {
  const { layout, base } = platform;
  if ((await fetch(`${platform.apiUrl}/version`).catch(() => undefined))?.ok !== true) return "the API is away";
  const { apps, services } = await platform.supervisor.call("status", {});
  const instances = apps.flatMap((app) => app.instances.map((one) => ({ ...one, app })));
  const ids = instances.map(({ id }) => id).toSorted();
  for (const { app, id, release, state } of instances) {
    const isKept = state === "warm" && release !== app.live;
    if (!isKept && (release !== app.live || state !== "ready"))
      return `${app.app}: ${id} of release ${release} is ${state}`;
  }
  const doubled = instances.find((one) =>
    instances.some((other) => other.id < one.id && placeOf(other) === placeOf(one)),
  );
  if (doubled !== undefined) return `${placeOf(doubled)} runs twice`;
  const unproven = instances.find(({ proven }) => !proven);
  if (unproven !== undefined) return `${placeOf(unproven)} waits to take over from nobody`;
  for (const service of services) if (service.state !== "ready") return `${service.name} is ${service.state}`;
  const lists: [string, readonly string[]][] = [
    [join(layout.supervisor, "instances"), ids],
    [layout.instanceSockets, ids],
    [join(layout.supervisor, "jobs"), []],
    [layout.incoming, []],
    [join(layout.edge, "slots"), apps.map(({ app }) => app).toSorted()],
  ];
  for (const [directory, expected] of lists) {
    const found = names(directory);
    if (found.join() !== expected.join()) return `${directory} has ${found.join()}, not ${expected.join()}`;
  }
  const drafts = (await readdirDeep(layout.root)).filter((path) => /\.new$|plan-/.test(path));
  if (drafts.length > 0) return `left behind: ${drafts.join(", ")}`;
  const wrong = apps.find((app) => !slotsAreRight(platform, app));
  if (wrong !== undefined) return `the slots of ${wrong.app} name another address`;
  for (const pid of await processesOf(base)) {
    const mark = /(?:^|\0)HOP3_INSTANCE=([^\0]*)/.exec(readProc(pid, "environ"))?.[1];
    const isSupervisor = readProc(pid, "cmdline").includes("supervisor.ts");
    const known = isSupervisor || (mark !== undefined && (ids.includes(mark) || /^(hop3d|caddy)-/.test(mark)));
    if (!known) return `process ${pid} belongs to nobody: ${readProc(pid, "cmdline").replaceAll("\0", " ")}`;
  }
  return undefined;
}

function placeOf(one: { app: AppStatus; release: number; type: string; index: number }): string {
  return `${one.app.app} ${one.type}.${one.index} of release ${one.release}`;
}

function slotsAreRight({ layout }: RunningPlatform, { app, live, instances }: AppStatus): boolean {
  const addresses = new Set(instances.flatMap((one) => (one.release === live ? (one.address ?? []) : [])));
  return names(layout.slots(app)).every((slot) => {
    const says = readFileSync(join(layout.slots(app), slot), "utf8");
    return addresses.size === 0 ? says.includes("/none/") : addresses.has(says);
  });
}

async function readdirDeep(root: string): Promise<string[]> {
  return names(root).flatMap((name) => {
    const found = name === "apps" ? names(join(root, name)).map((app) => `apps/${app}`) : [name];
    return found.flatMap((one) => [one, ...names(join(root, one)).map((below) => `${one}/${below}`)]);
  });
}

export function assertGone({ layout }: RunningPlatform, app: string): void {
  for (const path of [layout.app(app), layout.slots(app), `${layout.edge}/live/${app}`]) {
    assert.ok(!existsSync(path), `${path} was left behind`);
  }
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory).toSorted();
  } catch {
    return [];
  }
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
