/**
 * A cgroup of an app or of one of its processes, the same over both versions. The supervisor makes them, apps are moved in
 * by the walls' first command before anything of theirs runs, and a directory outlives a killed supervisor like what is in it.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Clock } from "#sys/clock.ts";
import { AppError, isNodeError } from "#core/errors.ts";
import { isGroup } from "./groups.ts";
import { controllers, ownLeaf, wordsOf, type CgroupTree, type Controller } from "./detect.ts";
import { versions, type CgroupFacts, type CgroupLimits, type Fact } from "./versions.ts";

export type Cgroup = {
  /** The files that a process writes its number to, to be in it. */
  readonly joins: readonly string[];
  /** The directory by which netfilter knows its sockets; undefined where the host has no tree of version 2. */
  readonly unified: string | undefined;
  /** Sets all limits anew. Throws UNAVAILABLE when one that is set cannot be enforced here, and then none may be believed. */
  limit(limits: CgroupLimits): void;
  /** Undefined where the host cannot tell. */
  facts(): { readonly [F in keyof CgroupFacts]: number | undefined };
  /** One of them: each is a file of its own. */
  fact(name: keyof CgroupFacts): number | undefined;
  /**
   * Seconds of processor time, bytes of memory without what the kernel may drop of the files it read, and the processes that
   * are in it alone: what is asked often, in few reads. Undefined as facts.
   */
  usage(): { readonly cpu: number; readonly memory: number; readonly pids: readonly number[] } | undefined;
  /** Processes in it and in those below, ended ones left out. */
  members(): number[];
  /** Kills all that is in it, also what is being forked meanwhile. True when nothing is left; nothing can be started in it then, until its limits are set anew. */
  kill(clock: Clock): Promise<boolean>;
  /** Removes it with those below, when they are empty, and the group that it was the last of. True when it is gone. */
  remove(clock: Clock): Promise<boolean>;
};

/** Controllers that the host lacks: what they would limit is not limited. */
export function missingControllers(tree: CgroupTree | undefined): Controller[] {
  return controllers.filter((one) => tree?.bases[one] === undefined);
}

const pollMs = 20;
const killWaitMs = 10_000;
/** An emptied cgroup may be busy for as long as the kernel clears up after its last process. */
const removeWaitMs = 5000;

/**
 * Prepares the tree once at start: hands the controllers on to what is made below, for which the supervisor must first
 * leave the directory that it was started in.
 */
export function openTree(tree: CgroupTree, pid: number): void {
  if (tree.version === 1 || tree.unified === undefined) return;
  mkdirSync(join(tree.unified, ownLeaf), { recursive: true });
  if (wordsOf(join(tree.unified, "cgroup.procs")).includes(String(pid))) {
    writeFileSync(join(tree.unified, ownLeaf, "cgroup.procs"), String(pid));
  }
  handOn(tree, tree.unified);
}

/** Moves whoever holds the place of a directory that is not our own into the leaf, too: see the unit of apps (docs/adr/0008). */
export function moveAside({ unified }: CgroupTree): void {
  if (unified === undefined || !existsSync(unified)) return;
  mkdirSync(join(unified, ownLeaf), { recursive: true });
  for (const pid of wordsOf(join(unified, "cgroup.procs"))) {
    writeFileSync(join(unified, ownLeaf, "cgroup.procs"), pid);
  }
}

/** Makes the cgroup `parts` (names, never paths) when it is not there, and those above it. */
export function makeCgroup(tree: CgroupTree, parts: readonly string[]): Cgroup {
  const { version, bases, unified } = tree;
  const roots = [...new Set([...Object.values(bases), unified].filter((path) => path !== undefined))];
  for (const root of roots) {
    mkdirSync(root, { recursive: true });
    for (const [index] of parts.entries()) {
      const path = join(root, ...parts.slice(0, index + 1));
      mkdirSync(path, { recursive: true });
      if (version === 2 && index < parts.length - 1) handOn(tree, path);
    }
  }
  const directories = roots.map((root) => join(root, ...parts));
  const place = (controller: Controller | "unified"): string | undefined => {
    const base = controller === "unified" ? unified : bases[controller];
    return base === undefined ? undefined : join(base, ...parts);
  };
  const { facts } = versions[version];
  const read = (fact: Fact): number | undefined => readFact(place(fact.controller), fact);
  const members = (): number[] => [...new Set(directories.flatMap(membersOf))].filter(isRunning);
  return {
    joins: directories.map((path) => join(path, "cgroup.procs")),
    unified: unified === undefined ? undefined : join(unified, ...parts),
    limit: (limits) => setLimits(version, place, limits),
    facts: () => ({
      memory: read(facts.memory),
      fileCache: read(facts.fileCache),
      memoryPeak: read(facts.memoryPeak),
      outOfMemory: read(facts.outOfMemory),
      cpu: read(facts.cpu),
      processes: read(facts.processes),
      outOfProcesses: read(facts.outOfProcesses),
    }),
    fact: (name) => read(facts[name]),
    usage: () => {
      const [cpu, memory] = [read(facts.cpu), read(facts.memory)];
      if (cpu === undefined || memory === undefined) return undefined;
      const [directory = ""] = directories; // each hierarchy has the same processes
      const pids = wordsOf(join(directory, "cgroup.procs")).map(Number);
      return { cpu, memory: Math.max(0, memory - (read(facts.fileCache) ?? 0)), pids };
    },
    members,
    kill: (clock) => killAll(directories, place("pids"), members, clock),
    remove: async (clock) => {
      const gone = await removeAll(directories, clock);
      if (gone && isGroup(parts.at(-2) ?? "")) await removeAll(directories.map(dirname), clock, removeUnused);
      return gone;
    },
  };
}

/** Names of the cgroups in this one; makes nothing. */
export function listCgroups({ bases, unified }: CgroupTree, parts: readonly string[]): string[] {
  const found = [...Object.values(bases), unified]
    .filter((path) => path !== undefined)
    .map((base) => join(base, ...parts));
  const below = found.filter((path) => existsSync(path)).flatMap((path) => readdirSync(path, { withFileTypes: true }));
  return [...new Set(below.filter((entry) => entry.isDirectory()).map(({ name }) => name))];
}

function handOn({ bases }: CgroupTree, path: string): void {
  const names = controllers.filter((one) => bases[one] !== undefined).map((one) => `+${one}`);
  try {
    writeFileSync(join(path, "cgroup.subtree_control"), names.join(" "));
  } catch (error) {
    if (!isNodeError(error) || error.code !== "EBUSY") throw error;
    const hint = "Start it as a unit of its own, with Delegate=yes.";
    throw new AppError("UNAVAILABLE", `Other processes than the supervisor are in the cgroup ${path}.`, { hint });
  }
}

function setLimits(version: 1 | 2, place: (one: Controller) => string | undefined, limits: CgroupLimits): void {
  const asked: Readonly<Record<Controller, number | null>> = {
    memory: limits.memory,
    cpu: limits.cpu,
    pids: limits.processes,
  };
  let writes = versions[version].limits(limits).filter(({ controller, file, optional }) => {
    const path = place(controller);
    if (path === undefined && asked[controller] !== null) {
      throw new AppError("UNAVAILABLE", `This host cannot limit ${controller}: its kernel offers no such cgroups.`);
    }
    return path !== undefined && (optional !== true || existsSync(join(path, file)));
  });
  // Of the two limits of memory in version 1 none may pass the other, so what is raised is raised the other way round.
  for (let tries = 0; writes.length > 0; tries++) {
    const refused = writes.filter(({ controller, file, value }) => {
      try {
        writeFileSync(join(place(controller) ?? "", file), value);
        return false;
      } catch (error) {
        if (tries < 2 && isNodeError(error) && (error.code === "EINVAL" || error.code === "EBUSY")) return true;
        throw new AppError("UNAVAILABLE", `The limit ${file} of ${value} cannot be set.`, { cause: error });
      }
    });
    writes = refused;
  }
}

function readFact(directory: string | undefined, { file, read }: Fact): number | undefined {
  if (directory === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(join(directory, file), "utf8");
  } catch (error) {
    if (isNodeError(error) && (error.code === "ENOENT" || error.code === "ENODEV")) return undefined;
    throw error;
  }
  const found = read(text);
  return Number.isFinite(found) ? found : undefined;
}

function membersOf(directory: string): number[] {
  if (!existsSync(directory)) return [];
  const below = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const own = wordsOf(join(directory, "cgroup.procs")).map(Number);
  return [...own, ...below.flatMap(({ name }) => membersOf(join(directory, name)))].filter((pid) => pid > 0);
}

function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

async function killAll(
  directories: readonly string[],
  pids: string | undefined,
  members: () => number[],
  clock: Clock,
): Promise<boolean> {
  // Nothing new is forked from here on: a bomb that forks faster than we look would win otherwise.
  if (pids !== undefined && existsSync(join(pids, "pids.max"))) writeFileSync(join(pids, "pids.max"), "0");
  const deadline = clock.now() + killWaitMs;
  for (;;) {
    for (const path of directories.map((directory) => join(directory, "cgroup.kill"))) {
      if (existsSync(path)) writeFileSync(path, "1");
    }
    const left = members();
    if (left.length === 0) return true;
    if (clock.now() > deadline) return false;
    for (const pid of left) kill(pid);
    await clock.sleep(pollMs);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

async function removeAll(
  directories: readonly string[],
  clock: Clock,
  removeOne: (directory: string) => boolean = removeTree,
): Promise<boolean> {
  const deadline = clock.now() + removeWaitMs;
  for (;;) {
    if (directories.map((path) => removeOne(path)).every((gone) => gone)) return true;
    if (clock.now() > deadline) return false;
    await clock.sleep(pollMs);
  }
}

/** The files in them are the kernel's and go with them. */
function removeTree(directory: string): boolean {
  if (!existsSync(directory)) return true;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(directory, entry.name));
  }
  return removeEmpty(directory);
}

/** Of a group, which the next run may be in by now: then there is nothing to be done. */
function removeUnused(directory: string): boolean {
  const isUsed =
    existsSync(directory) && readdirSync(directory, { withFileTypes: true }).some((one) => one.isDirectory());
  return isUsed || removeEmpty(directory);
}

function removeEmpty(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    if (isNodeError(error) && error.code === "ENOENT") return true;
    if (isNodeError(error) && (error.code === "EBUSY" || error.code === "ENOTEMPTY")) return false;
    throw error;
  }
}
