/**
 * What an app has of the host in system mode, made and removed with it: a user, directories, the names it sees, a cgroup,
 * and its place in the loopback's rules. Every step may be repeated, and whoever dies between two is finished by the next
 * try. The daemon has one when a System is handed in (system.ts).
 */
import { existsSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Layout } from "#core/layout.ts";
import type { Clock } from "#sys/clock.ts";
import { filesFailed, removeTree, type AppFiles } from "./app-files.ts";
import { makeAppFolders, makeBuildFolders, makeVolumeFolder } from "./app-folders.ts";
import type { AppUsers } from "./app-users.ts";
import { makeCgroup, type Cgroup } from "./cgroup/cgroup.ts";
import type { CgroupTree } from "./cgroup/detect.ts";
import type { CgroupLimits } from "./cgroup/versions.ts";
import { hostPipe, type HostTool } from "./host-tool.ts";
import { Refusal } from "./refusal.ts";
import { wallArgv } from "./walls/argv.ts";
import { writeAppNames } from "./walls/app-names.ts";
import type { HostView } from "./walls/host-view.ts";
import type { LoopbackGuard } from "./walls/loopback-guard.ts";
import { netCgroup, type LoopbackApp } from "./walls/loopback.ts";
import { directoryWall, type AppWalls } from "./walls/specs.ts";
import { emptyTree, fillTree, packUpload, sealTree, unsealTree } from "./walls/tree-commands.ts";

export type AppAreaOptions = {
  readonly layout: Layout;
  /** User and group of `hop3d`. */
  readonly hop3: number;
  /** The group that may pass to the files of apps. */
  readonly files: number;
  /** The group that every app is in, and nobody else. */
  readonly apps: number;
  readonly users: AppUsers;
  readonly host: HostView;
  readonly filter: string | null;
  readonly programs: readonly string[];
  /** What any release may take, and so what is done to an app's files. */
  readonly ceiling: CgroupLimits;
  readonly tree: CgroupTree;
  readonly guard: LoopbackGuard;
  readonly tool: HostTool;
  readonly clock: Clock;
  readonly fault: (point: string) => void;
};

/** Of what we do to an app's files ourselves: seconds, descriptors, bytes of /tmp. */
const ownLimits = { seconds: 900, openFiles: 1024, temporary: 16 * 1024 * 1024 };

export class AppArea implements AppFiles {
  readonly #options: AppAreaOptions;
  readonly #made = new Set<string>();
  /** How many cgroups were made for work of ours. */
  #leaves = 0;

  constructor(options: AppAreaOptions) {
    this.#options = options;
  }

  /** Makes all that an app has from its first day; also what a reboot has taken, for an app that is known. */
  async make(app: string): Promise<void> {
    const { layout, hop3, users, fault } = this.#options;
    const uid = await users.make(app);
    fault("user-made");
    makeAppFolders(layout.apps, app, { hop3, app: uid });
    this.#writeNames(app, uid);
    fault("folders-made");
    makeCgroup(this.#options.tree, this.cgroupOf(app));
    this.#made.add(app);
    await this.#hold();
  }

  /** After a start: what a reboot has taken of all apps that have users, the rules at once for all. */
  async restore(): Promise<void> {
    for (const app of this.#options.users.apps()) {
      this.#writeNames(app, this.uid(app));
      makeCgroup(this.#options.tree, this.cgroupOf(app));
      this.#made.add(app);
    }
    await this.#hold();
  }

  /** What the walls of a process of this app need. `cgroups` are those of its own run, from `leaf`. */
  walls(app: string, own: Pick<AppWalls, "cgroups" | "openFiles" | "temporary">): AppWalls {
    const { layout, apps, filter, programs } = this.#options;
    const uid = this.uid(app);
    return { layout, app, uid, apps, filter, programs, names: join(this.#names, String(uid)), ...own };
  }

  /** All that were made. */
  apps(): string[] {
    return [...this.#made];
  }

  /** User and group of the app. Throws a Refusal when it was never made. */
  uid(app: string): number {
    const uid = this.#options.users.of(app);
    if (uid === undefined) throw new Refusal("unknown", `The app ${app} has no user here.`);
    return uid;
  }

  /** Names of the app's cgroup, in which each release, and in that each run, gets one of its own. */
  cgroupOf(app: string): string[] {
    return ["apps", String(this.uid(app))];
  }

  /** The cgroup of one run in that of its app. */
  leaf(app: string, name: string): Cgroup {
    return makeCgroup(this.#options.tree, [...this.cgroupOf(app), name]);
  }

  /** Makes the directory of a build, to which `hop3d` adds its record and the upload. */
  makeBuild(app: string, build: number): void {
    const { layout, hop3 } = this.#options;
    makeBuildFolders(layout.apps, app, build, { hop3, app: this.uid(app) });
  }

  makeVolume(app: string, name: string): void {
    const { layout, hop3 } = this.#options;
    makeVolumeFolder(layout.apps, app, name, { hop3, app: this.uid(app) });
  }

  /** Copies the upload into the empty tree. What an earlier try has left is removed first. */
  async take(app: string, build: number): Promise<void> {
    const { layout, hop3, files, fault } = this.#options;
    const tree = layout.buildTree(app, build);
    if (readdirSync(tree).length > 0) await this.#empty(app, tree);
    // It passes the gate of all apps by the group.
    const reader = [`--reuid=${hop3}`, `--regid=${hop3}`, `--groups=${files}`, "--no-new-privs", "--bounding-set=-all"];
    const from = ["/usr/bin/setpriv", ...reader, "--inh-caps=-all", ...packUpload(layout.buildUpload(app, build))];
    fault("tree-begun");
    const done = await this.#inLeaf(app, (argv) => hostPipe(from, argv(tree, fillTree(tree)), ownLimits.seconds));
    if (done.status !== 0) throw filesFailed("could not be copied", done.stderr);
    fault("tree-filled");
  }

  /** Closes a tree for writing. No process of the build may be left. */
  async seal(app: string, build: number): Promise<void> {
    const tree = this.#options.layout.buildTree(app, build);
    await this.#run(app, tree, sealTree(tree), "could not be sealed");
  }

  async clearCache(app: string): Promise<void> {
    const cache = this.#options.layout.appCache(app);
    if (existsSync(cache)) await this.#empty(app, cache);
  }

  async removeBuild(app: string, build: number, keepOutput: boolean): Promise<void> {
    const { layout } = this.#options;
    const uid = this.uid(app);
    // What the app owns in a directory that it cannot write to is what we gave it.
    const isOurs = (path: string): boolean => {
      const found = lstatSync(path, { throwIfNoEntry: false });
      return found?.isDirectory() === true && found.uid === uid;
    };
    await removeTree(layout, app, build, { isOurs, empty: (directory) => this.#empty(app, directory) });
    const temporary = layout.buildTemporary(app, build);
    // Where our root lies below /tmp, the walls of its steps had places for what they show made in it, by root.
    if (isOurs(temporary)) await this.#empty(app, temporary).catch(() => undefined);
    await this.#removeRest(keepOutput ? temporary : layout.build(app, build));
  }

  /** What is left is root's and `hop3d`'s, mostly. rm goes by descriptors, and so through no link that is put in its way. */
  async #removeRest(directory: string): Promise<void> {
    const line = ["/bin/rm", "-rf", "--one-file-system", "--", directory];
    const done = await this.#options.tool(line, undefined, ownLimits);
    if (done.status !== 0) throw filesFailed("could not be removed", done.stderr);
  }

  /** Removes all of an app; nothing of it may run. What `hop3d` has added goes with its directory. */
  async remove(app: string): Promise<void> {
    const { layout, users, clock, tree, fault } = this.#options;
    const uid = users.of(app);
    if (uid === undefined) return;
    const cgroup = makeCgroup(tree, ["apps", String(uid)]);
    await cgroup.kill(clock);
    // Killing has left no process to be made in it, and removing needs some.
    cgroup.limit({ memory: null, cpu: null, processes: null });
    if (existsSync(layout.app(app))) {
      this.#writeNames(app, uid);
      const builds = `${layout.app(app)}/builds`;
      for (const build of existsSync(builds) ? readdirSync(builds) : []) {
        if (/^\d{1,15}$/.test(build)) await this.removeBuild(app, Number(build), true);
      }
      const volumes = existsSync(layout.volumes(app)) ? readdirSync(layout.volumes(app)) : [];
      const kept = volumes.map((name) => layout.volume(app, name));
      for (const directory of [layout.appData(app), layout.appHome(app), layout.appCache(app), ...kept]) {
        // What root has put there, as an operator may, is not the app's to remove: it goes with the rest.
        if (existsSync(directory)) await this.#empty(app, directory).catch(() => undefined);
      }
      fault("data-removed");
      await this.#removeRest(layout.app(app));
    }
    fault("folders-removed");
    this.#made.delete(app);
    await this.#hold();
    await cgroup.kill(clock);
    if (!(await cgroup.remove(clock))) throw filesFailed("could not be removed", "its cgroup is in use");
    rmSync(join(this.#names, String(uid)), { recursive: true, force: true });
    await users.remove(app);
  }

  #writeNames(app: string, uid: number): void {
    const { layout, apps } = this.#options;
    writeAppNames(this.#names, { uid, apps, home: layout.appHome(app) });
  }

  get #names(): string {
    return join(this.#options.layout.supervisor, "walls");
  }

  async #hold(): Promise<void> {
    const { tree, guard } = this.#options;
    const apps = [...this.#made].flatMap((app): LoopbackApp[] => {
      const uid = this.uid(app);
      const cgroup = netCgroup(makeCgroup(tree, this.cgroupOf(app)).unified, tree.top);
      return cgroup === undefined ? [] : [{ uid, cgroup, ports: [] }];
    });
    await guard.hold(apps);
  }

  /** chmod first: what a build has made unreadable to itself would stay. */
  async #empty(app: string, directory: string): Promise<void> {
    await this.#run(app, directory, unsealTree(directory), "could not be opened");
    await this.#run(app, directory, emptyTree(directory), "could not be emptied");
  }

  async #run(app: string, directory: string, command: readonly string[], what: string): Promise<void> {
    const done = await this.#inLeaf(app, (argv) => this.#options.tool(argv(directory, command), undefined, ownLimits));
    if (done.status !== 0) throw filesFailed(what, done.stderr);
  }

  /** Runs something of ours inside walls that show one directory, in a cgroup of its own that is gone afterwards. */
  async #inLeaf<Result>(
    app: string,
    work: (argv: (directory: string, command: readonly string[]) => string[]) => Promise<Result>,
  ): Promise<Result> {
    const { host, clock, ceiling } = this.#options;
    const leaf = this.leaf(app, `files-${(this.#leaves += 1)}`);
    const walls = this.walls(app, { ...ownLimits, cgroups: leaf.joins });
    try {
      leaf.limit(ceiling);
      return await work((directory, command) => [...wallArgv(directoryWall(walls, directory), host), ...command]);
    } finally {
      await leaf.kill(clock);
      await leaf.remove(clock);
    }
  }
}
