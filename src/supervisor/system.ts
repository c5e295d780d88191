/**
 * What the supervisor knows of its host in system mode, as one object: what walls can be built here, the users, directories,
 * cgroups and rules of the apps that it knows, and what has to stand before a command. In user mode there is none, and
 * whoever asks for it goes the same way without.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  noAppLimits,
  type AppLimits,
  type ProcessLimits,
  type Unenforced,
  type WholeLimits,
} from "#core/app-limits.ts";
import { AppError } from "#core/errors.ts";
import type { Layout } from "#core/layout.ts";
import type { VolumeSpec } from "#core/volume.ts";
import type { Clock } from "#sys/clock.ts";
import { allowanceOf, cgroupLimits, type Allowance } from "./allowance.ts";
import { AppArea } from "./app-area.ts";
import { appUserRange, openAppUsers } from "./app-users.ts";
import { replaceFile } from "./atomic-file.ts";
import { makeCgroup, moveAside, openTree, type Cgroup } from "./cgroup/cgroup.ts";
import { detectCgroups, type CgroupTree } from "./cgroup/detect.ts";
import { buildGroup, releaseGroup } from "./cgroup/groups.ts";
import { endStrays } from "./cgroup/stray.ts";
import { noLimits } from "./cgroup/versions.ts";
import { hostTool, type HostTool } from "./host-tool.ts";
import type { OwnLog } from "./own-log.ts";
import { makeDoors, makeRuntimes } from "./shared-places.ts";
import { wallArgv, type WallSpec } from "./walls/argv.ts";
import { doorOf, type Door } from "./walls/door.ts";
import { readHostView } from "./walls/host-view.ts";
import { landlockVersion } from "./walls/landlock.ts";
import { loopbackGuard, noGuard } from "./walls/loopback-guard.ts";
import { netCgroup } from "./walls/loopback.ts";
import { isProgram, missingWalls, needed, unenforcedHere, type MissingWall } from "./walls/missing.ts";
import { canHoldPorts, type PortRange } from "./walls/port-range.ts";
import { offerSocket } from "./walls/offer-socket.ts";
import type { RunWalls } from "./walls/run-walls.ts";
import { seccompFilter } from "./walls/seccomp.ts";
import { sightGuard } from "./walls/sight-guard.ts";
import { serviceArgv, type ServiceUser } from "./walls/service-argv.ts";
import { buildWall, fillWall, releaseWall, type AppWalls } from "./walls/specs.ts";
import { giveSocketDirectory } from "./walls/socket-directory.ts";
import { refusedVolume, requireMemory, volumeMounts } from "./volumes/volume-mounts.ts";

export type SystemOptions = {
  readonly layout: Layout;
  /**
   * Group numbers, and user numbers too, of `hop3d` and of the edge; the group of both, which may pass to apps' files; and
   * the group that every app is in, and nobody else.
   */
  readonly ids: { readonly hop3: number; readonly edge: number; readonly files: number; readonly apps: number };
  /** The most that any app may take of this host. */
  readonly ceiling: WholeLimits;
  /** File of root's with the directories that apps may be given, one a line; there may be none. */
  readonly bindVolumes: string;
  /** Of which instances are given theirs. */
  readonly ports: PortRange;
  /** Directories of tools that Hop3 brought along, root's own. */
  readonly programs: readonly string[];
  /** What of Hop3 a session process needs to run as an app's user: its code, root's own. */
  readonly sessionCode: readonly string[];
  /** The cgroup of version 2 that apps are to be in, as /proc/PID/cgroup names it, where it is not the supervisor's own. */
  readonly cgroup?: string;
  readonly clock: Clock;
  readonly log: OwnLog;
  readonly fault: (point: string) => void;
  readonly tool?: HostTool;
  /** Stands for `/` in tests, where users of apps are made. */
  readonly prefix?: string;
};

/** What runs from a release: its number, its tree, where in it, what it may take, and its volumes. */
export type Released = {
  readonly release: number;
  readonly build: number;
  readonly cwd: string;
  readonly limits: AppLimits;
  readonly volumes: readonly VolumeSpec[];
};

/** A build, what it may take, and whether it reaches a network. */
export type Built = { readonly build: number; readonly limits: AppLimits; readonly network: boolean };

export type System = {
  readonly area: AppArea;
  /** Which walls this host lacks, as of now. */
  readonly missing: () => MissingWall[];
  readonly ceiling: WholeLimits;
  /** Which limits this host cannot enforce, and why. */
  readonly unenforced: Unenforced;
  /** The walls of an instance. Makes the directory of its socket the app's. Refuses what is above the ceiling. */
  instance(app: string, id: string, type: string, released: Released, port: number | null): RunWalls;
  /** Of a step of this build. */
  build(app: string, built: Built, cwd: string): RunWalls;
  /** Of what runs once from a release: a hook, a cron job, a health command, which may reach the socket of `instance`. */
  once(app: string, released: Released, instance: string | null): RunWalls;
  /** Of a session process. Makes the directory of its socket (`mark`) the app's, open to `hop3d`. */
  session(app: string, released: Released, mark: string): RunWalls;
  /** Of what fills a volume in the place of this name; `from` is relative to the release's tree. */
  fill(app: string, released: Released, name: string, from: string): RunWalls;
  /** Why the release could not have this volume of its; undefined when it could. */
  refusesVolume(app: string, released: Released, volume: VolumeSpec): string | undefined;
  /** What all of a release with these limits, or of a build, may take together. */
  most(limits: AppLimits): WholeLimits;
  service(user: ServiceUser): RunWalls;
  /** The cgroup of these names, made when it is not there. */
  cgroup(parts: readonly string[]): Cgroup;
  /** Where the socket of an instance is dialed. */
  door(app: string, id: string): Door;
  /** Lets `hop3d` connect to the socket that a session process has made. Throws a Refusal when it is none of the app's. */
  offerSession(app: string, mark: string): void;
  /** Ends what watches. */
  close(): void;
};

/** Most bytes of /tmp, and of shared memory, of each instance; they count as its memory. */
const temporary = 256 * 1024 * 1024;
/** Of one process, where nobody says more. */
const openFiles = 65_536;

/**
 * Looks at the host, and brings back what a reboot has taken of the apps that have users. To be called under the lock of
 * the root, before anything is started or taken over. Throws UNAVAILABLE where apps could not be walled in at all.
 */
export async function openSystem(options: SystemOptions): Promise<System> {
  const {
    layout,
    ids,
    ceiling,
    bindVolumes,
    ports,
    programs,
    sessionCode,
    clock,
    log,
    fault,
    tool = hostTool,
    prefix = "",
  } = options;
  const lacking = needed.filter(({ path }) => !isProgram(path));
  if (lacking.length > 0) {
    const names = lacking.map(({ packageName }) => packageName).join(" ");
    throw new AppError("UNAVAILABLE", `Apps cannot be walled in: ${lacking[0]?.path} is missing.`, {
      hint: `Install: ${names}`,
    });
  }
  const host = readHostView();
  makeRuntimes(layout.runtimes, ids.hop3);
  makeDoors(layout, ids.edge);
  const landlock = await landlockVersion(tool);
  const tree = treeOf(layout, options.cgroup);
  if (options.cgroup !== undefined) moveAside(tree);
  openTree(tree, process.pid);
  await endStrays(tree, layout, clock);
  const trial = makeCgroup(tree, ["trial"]);
  const holds = await canHoldPorts(trial.unified, tool);
  await trial.remove(clock);
  const all = netCgroup(makeCgroup(tree, ["apps"]).unified, tree.top);
  const sight = sightGuard({ gid: ids.apps, clock, log });
  const guard = all === undefined ? noGuard : loopbackGuard({ range: appUserRange, all, tool, clock, log });
  const users = openAppUsers({ file: join(layout.supervisor, "users.json"), tool, prefix, fault });
  const filter = writeFilter(join(layout.supervisor, "filter.bpf"));
  const unenforced = unenforcedHere(tree);
  const allowed = (limits: AppLimits) => allowanceOf(limits, { ceiling, unenforced });
  const area = new AppArea({
    layout,
    hop3: ids.hop3,
    files: ids.files,
    apps: ids.apps,
    users,
    host,
    filter,
    programs,
    ceiling: cgroupLimits(allowed(noAppLimits).whole),
    tree,
    guard,
    tool,
    clock,
    fault,
  });
  await area.restore();
  const most = hardLimitOfFiles();
  const filesOf = (limits: ProcessLimits): number => Math.min(limits.openFiles ?? openFiles, most);
  /** `own`: of the run alone, beside what all of its group may take together. */
  const around = (
    app: string,
    group: string,
    { whole }: Allowance,
    own: ProcessLimits,
    spec: (walls: AppWalls) => WallSpec,
    port = 0,
  ): RunWalls => ({
    above: [...area.cgroupOf(app), group],
    whole: cgroupLimits(whole),
    limits: cgroupLimits(own),
    most: cgroupLimits({ ...whole, ...own }),
    argv: (joins) => {
      const walls = { cgroups: joins, openFiles: filesOf({ ...whole, ...own }), temporary };
      const range = holds ? { ports: { ...ports, own: port } } : {};
      return wallArgv({ ...spec(area.walls(app, walls)), ...range }, host);
    },
  });
  /** Of what runs from a release, or of an instance of this type. Its volumes are looked at when it is about to start. */
  const ofRelease = (
    app: string,
    { release, build, cwd, limits, volumes }: Released,
    type: string | null,
    sockets: readonly string[],
    { programs = [], port = 0 }: { readonly programs?: readonly string[]; readonly port?: number } = {},
  ): RunWalls => {
    const allowance = allowed(limits);
    const own = type === null ? {} : allowance.of(type);
    requireMemory(volumes, { ...allowance.whole, ...own });
    const spec = (walls: AppWalls): WallSpec => {
      const mounts = volumeMounts(layout, bindVolumes, app, volumes);
      const seen = { ...walls, programs: [...walls.programs, ...programs] };
      return releaseWall(seen, { build, cwd, volumes: mounts }, sockets);
    };
    return around(app, releaseGroup(release), allowance, own, spec, port);
  };
  const watching = new AbortController();
  void guard.watch(watching.signal);
  void sight.watch(watching.signal);
  const missing = (): MissingWall[] => {
    const { open } = sight;
    const found = missingWalls({ arch: process.arch, has: isProgram, cgroups: tree, landlock, ports: holds, open });
    if (guard.holds || found.some(({ wall }) => wall === "loopback")) return found;
    const message = "Apps can reach each other's ports and the host's on the loopback: nft refuses the rules.";
    return [...found, { wall: "loopback", message }];
  };
  for (const { wall, message } of missing()) log("a wall is missing", { wall, message });
  return {
    area,
    missing,
    ceiling,
    unenforced,
    instance: (app, id, type, released, port) => {
      const walls = ofRelease(app, released, type, [join(layout.instanceSockets, id)], { port: port ?? 0 });
      // The edge does not go there: it has a door.
      giveSocketDirectory(layout.instanceSockets, id, { app: area.uid(app), group: area.uid(app) });
      return walls;
    },
    build: (app, { build, limits, network }, cwd) =>
      around(app, buildGroup(build), allowed(limits), {}, (walls) => buildWall(walls, build, cwd, network)),
    once: (app, released, instance) =>
      ofRelease(app, released, null, instance === null ? [] : [join(layout.instanceSockets, instance)]),
    session: (app, released, mark) => {
      const walls = ofRelease(app, released, null, [join(layout.sessionSockets, mark)], { programs: sessionCode });
      giveSocketDirectory(layout.sessionSockets, mark, { app: area.uid(app), group: ids.hop3 });
      return walls;
    },
    fill: (app, { release, build, limits }, name, from) =>
      around(app, releaseGroup(release), allowed(limits), {}, (walls) =>
        fillWall(walls, layout.volume(app, name), build, from),
      ),
    refusesVolume: (app, released, volume) => refusedVolume({ layout, bindVolumes, ceiling }, app, released, volume),
    most: (limits) => allowed(limits).whole,
    service: (user) => ({
      above: ["services"],
      whole: noLimits,
      limits: noLimits,
      most: noLimits,
      argv: (joins) => serviceArgv(user, joins),
    }),
    cgroup: (parts) => makeCgroup(tree, parts),
    door: (app, id) =>
      doorOf({
        sockets: layout.instanceSockets,
        doors: layout.doors,
        id,
        owners: { app: area.uid(app), edge: ids.edge },
      }),
    offerSession: (app, mark) =>
      offerSocket(layout.sessionSockets, [mark, "s.sock"], { app: area.uid(app), group: ids.hop3 }),
    close: () => watching.abort(),
  };
}

/** By the root, for two roots on a host are two supervisors. A host without cgroups has a tree of none. */
export function treeOf(layout: Layout, given?: string): CgroupTree {
  const name = `hop3-${createHash("sha256").update(layout.root).digest("hex").slice(0, 8)}`;
  return detectCgroups(name, "", given) ?? { version: 1, bases: {}, unified: undefined, top: undefined };
}

function writeFilter(path: string): string | null {
  const filter = seccompFilter(process.arch);
  if (filter === undefined) return null;
  replaceFile(path, filter);
  return path;
}

/** Above our own nothing can be set where root lacks CAP_SYS_RESOURCE. */
function hardLimitOfFiles(): number {
  const found = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1];
  return found === undefined ? Infinity : Number(found);
}
