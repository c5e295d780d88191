/** Which walls stand around what: the one place that says what of an app its own processes see, by what they do. */
import type { Layout } from "#core/layout.ts";
import type { Mount, WallSpec } from "./argv.ts";

/** What the walls of all processes of one app have in common. */
export type AppWalls = {
  readonly layout: Layout;
  readonly app: string;
  readonly uid: number;
  /** The group that every app is in. */
  readonly apps: number;
  /** Files of this host: the filter of system calls, and directories of programs that Hop3 brought along, root's own. */
  readonly filter: string | null;
  readonly programs: readonly string[];
  /** Directory of the app's `passwd` and `group` (app-names.ts). */
  readonly names: string;
  /** `cgroup.procs` of the cgroup that it is to be in. */
  readonly cgroups: readonly string[];
  readonly openFiles: number;
  /** Bytes of memory that /tmp, and /dev/shm, may take each. */
  readonly temporary: number;
};

/** What runs from a release. `cwd` is relative to the tree; `sockets` are directories, of sockets that it makes or may reach. */
export function releaseWall(
  of: AppWalls,
  { build, cwd, volumes }: { readonly build: number; readonly cwd: string; readonly volumes: readonly Mount[] },
  sockets: readonly string[],
): WallSpec {
  const { layout, app, temporary } = of;
  const tree = layout.buildTree(app, build);
  return {
    ...common(of),
    readable: [tree, layout.runtimes, ...of.programs],
    writable: [layout.appData(app), layout.appHome(app)],
    sockets,
    mounts: volumes,
    temporary: { bytes: temporary },
    network: true,
    cwd: inside(tree, cwd),
  };
}

/** A build step. It does not see the app's data: a build that fails has changed nothing of the app that serves. */
export function buildWall(of: AppWalls, build: number, cwd: string, network: boolean): WallSpec {
  const { layout, app } = of;
  const tree = layout.buildTree(app, build);
  return {
    ...common(of),
    readable: [layout.runtimes, ...of.programs],
    writable: [tree, layout.appCache(app), layout.appHome(app)],
    sockets: [],
    temporary: { directory: layout.buildTemporary(app, build) },
    network,
    cwd: inside(tree, cwd),
  };
}

/** What Hop3 itself does to one directory of an app, as the app's user (tree-commands.ts): nothing else is there. */
export function directoryWall(of: AppWalls, directory: string): WallSpec {
  return {
    ...common(of),
    readable: [],
    writable: [directory],
    sockets: [],
    temporary: { bytes: of.temporary },
    network: false,
    cwd: "/",
  };
}

/**
 * The same where a volume is filled from a build: with the whole tree, in which a link could lead elsewhere only inside the
 * walls. `from` is relative to it.
 */
export function fillWall(of: AppWalls, directory: string, build: number, from: string): WallSpec {
  const tree = of.layout.buildTree(of.app, build);
  return { ...directoryWall(of, directory), readable: [tree], cwd: inside(tree, from) };
}

function common({ uid, apps, cgroups, openFiles, filter, names, temporary }: AppWalls) {
  return { uid, apps, cgroups, openFiles, filter, names, sharedMemory: temporary };
}

function inside(tree: string, cwd: string): string {
  return cwd === "." || cwd === "" ? tree : `${tree}/${cwd}`;
}
