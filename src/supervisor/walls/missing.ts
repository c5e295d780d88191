/** Which walls this host cannot build, in words, for whoever asks how the server is: nothing is pretended. */
import { accessSync, constants } from "node:fs";
import type { Unenforced } from "#core/app-limits.ts";
import { missingControllers } from "../cgroup/cgroup.ts";
import type { CgroupTree, Controller } from "../cgroup/detect.ts";
import { landlockOf, perl } from "./landlock.ts";
import { netCgroup } from "./loopback.ts";
import { seccompFilter } from "./seccomp.ts";

export type MissingWall = {
  readonly wall:
    | "files"
    | "system-calls"
    | "loopback"
    | "abstract-sockets"
    | "run-directory"
    | "ports"
    | "sight"
    | "memory"
    | "cpu"
    | "processes";
  /** What does not hold, and what would help. */
  readonly message: string;
};

export type HostFacts = {
  /** process.arch */
  readonly arch: string;
  /** True when the file is there and can be run. */
  readonly has: (path: string) => boolean;
  readonly cgroups: CgroupTree | undefined;
  /** Version; 0 without. */
  readonly landlock: number;
  /** Whether the kernel lets a program decide which ports are bound. */
  readonly ports: boolean;
  /** What of /proc/net could not be closed to apps. */
  readonly open: readonly string[];
};

/** Without these no app is started in system mode at all: what is left would be no wall. */
export const needed: readonly { readonly path: string; readonly packageName: string }[] = [
  { path: "/usr/bin/bwrap", packageName: "bubblewrap" },
  { path: "/usr/bin/setpriv", packageName: "util-linux" },
  { path: "/usr/bin/env", packageName: "coreutils" },
  { path: "/bin/tar", packageName: "tar" },
  { path: perl, packageName: "perl-base" },
];

export function missingWalls({ arch, has, cgroups, landlock, ports, open }: HostFacts): MissingWall[] {
  const found: MissingWall[] = [];
  for (const { path, packageName } of needed.filter((one) => !has(one.path))) {
    found.push({
      wall: "files",
      message: `Apps are not started: ${path} is missing. Install the package ${packageName}.`,
    });
  }
  if (seccompFilter(arch) === undefined) {
    const message = `Apps may use all system calls that their user may: there is no filter for ${arch}.`;
    found.push({ wall: "system-calls", message });
  }
  if (!has("/usr/sbin/nft")) {
    const message = "Apps can reach each other's ports and the host's on the loopback. Install the package nftables.";
    found.push({ wall: "loopback", message });
  } else if (netCgroup(cgroups?.unified, cgroups?.top) === undefined) {
    const message =
      "Apps can reach each other's ports and the host's on the loopback: this host has no cgroups of version 2.";
    found.push({ wall: "loopback", message });
  }
  if (landlock < landlockOf.abstract) {
    const message =
      "Apps can reach abstract sockets, which have a name and no file, of each other and of the host: this needs Landlock of kernel 6.12.";
    found.push({ wall: "abstract-sockets", message });
  }
  if (landlock < landlockOf.making) {
    const message =
      "An app can fill the memory disk of /run by the directory of its socket, up to its limit of memory: this needs Landlock of kernel 5.19.";
    found.push({ wall: "run-directory", message });
  }
  if (!ports) {
    const message =
      "An app can take the port of another that is down, and all ports that are given to apps: this needs programs on cgroups of version 2 (CONFIG_CGROUP_BPF).";
    found.push({ wall: "ports", message });
  }
  if (open.length > 0) {
    const which = open.slice(0, 5).join(", ");
    const message = `Apps see that others' sockets and connections exist, by address and port, but cannot reach them: entries of /proc/net could not be closed (${which}). Where Hop3 runs in a container, that must leave it to change their group and mode.`;
    found.push({ wall: "sight", message });
  }
  for (const controller of missingControllers(cgroups)) {
    const wall = limitedBy[controller];
    found.push({ wall, message: `Apps' use of ${wall} is not limited: ${noController(controller)}` });
  }
  return found;
}

const limitedBy = { memory: "memory", cpu: "cpu", pids: "processes" } as const;

/** Which limits cannot be enforced, and why. */
export function unenforcedHere(cgroups: CgroupTree | undefined): Unenforced {
  return Object.fromEntries(missingControllers(cgroups).map((one) => [limitedBy[one], noController(one)]));
}

function noController(controller: Controller): string {
  const help = {
    memory: "The kernel parameter cgroup_enable=memory turns them on where they were left out.",
    cpu: "Where systemd is, the supervisor's unit needs Delegate=yes.",
    pids: "Where systemd is, the supervisor's unit needs Delegate=yes.",
  } as const;
  return `the kernel offers no ${controller} cgroups here. ${help[controller]}`;
}

export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
