/**
 * Where cgroups may be made on this host, of either version. Whoever owns a tree of version 2 is respected: below systemd
 * we stay in the part that was delegated to us.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export const controllers = ["memory", "cpu", "pids"] as const;
export type Controller = (typeof controllers)[number];

export type CgroupTree = {
  readonly version: 1 | 2;
  /** Directory below which ours are made, of each controller that the host has. In version 2 it is one for all. */
  readonly bases: { readonly [C in Controller]?: string };
  /**
   * The directory of version 2, which a host of version 1 often has beside, without controllers: it knows whose a process
   * and its sockets are, and can kill all at once. Undefined where there is none.
   */
  readonly unified: string | undefined;
  /** Where the tree of version 2 begins, from which netfilter counts. */
  readonly top: string | undefined;
};

/**
 * `name` is our directory where nothing was delegated; `root` stands for `/` in tests; `given` is the cgroup of version 2
 * that was delegated to us where it is not our own. Reads, and makes nothing. Undefined when the host has no cgroups at all.
 */
export function detectCgroups(name: string, root = "", given?: string): CgroupTree | undefined {
  const mounts = readMounts(`${root}/proc/self/mountinfo`);
  const own = readOwn(`${root}/proc/self/cgroup`);
  const second = mounts.find(({ type }) => type === "cgroup2");
  const unified = second === undefined ? undefined : root + secondBase(second, given ?? own.get(""), name);
  const top = second === undefined ? undefined : root + second.at;
  const offered = second === undefined ? [] : wordsOf(`${root}${second.at}/cgroup.controllers`);
  if (unified !== undefined && controllers.some((one) => offered.includes(one))) {
    // What systemd was told not to delegate is not among our own directory's controllers.
    const ours = existsSync(unified) ? wordsOf(join(unified, "cgroup.controllers")) : offered;
    const bases = controllers.filter((one) => ours.includes(one)).map((one) => [one, unified]);
    return { version: 2, bases: Object.fromEntries(bases) as CgroupTree["bases"], unified, top };
  }
  const bases = controllers.flatMap((one) => {
    const found = mounts.find(({ type, options }) => type === "cgroup" && options.includes(one));
    return found === undefined ? [] : [[one, `${root}${join(found.at, name)}`]];
  });
  if (bases.length === 0 && unified === undefined) return undefined;
  return { version: 1, bases: Object.fromEntries(bases) as CgroupTree["bases"], unified, top };
}

/** The leaf that the supervisor itself goes to: a cgroup of version 2 with processes in it may not hand controllers on. */
export const ownLeaf = "supervisor";

function secondBase({ at, from }: Mount, own: string | undefined, name: string): string {
  // Paths of /proc/self/cgroup count from the root of the tree, of which the mount may show a part only.
  const inside =
    own === undefined ? "/" : from === "/" ? own : own.startsWith(`${from}/`) ? own.slice(from.length) : "/";
  if (inside === "/") return join(at, name);
  return join(at, inside.endsWith(`/${ownLeaf}`) ? dirname(inside) : inside);
}

type Mount = { readonly at: string; readonly from: string; readonly type: string; readonly options: readonly string[] };

/** proc(5), mountinfo: `id parent major:minor from at options ... - type source super-options`. */
function readMounts(path: string): Mount[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line) => {
      const words = line.split(" ");
      const dash = words.indexOf("-");
      const [from, at, type, options] = [words[3], words[4], words[dash + 1], words[dash + 3]];
      if (dash < 0 || from === undefined || at === undefined || type === undefined) return [];
      return type.startsWith("cgroup") ? [{ at, from, type, options: (options ?? "").split(",") }] : [];
    });
}

/** Our own cgroup by controllers; the empty name is version 2. */
function readOwn(path: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const [, names, own] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (names !== undefined && own !== undefined) found.set(names, own);
  }
  return found;
}

export function wordsOf(path: string): string[] {
  return existsSync(path)
    ? readFileSync(path, "utf8")
        .split(/\s+/)
        .filter((word) => word !== "")
    : [];
}
