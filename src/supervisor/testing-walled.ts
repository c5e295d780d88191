/**
 * For tests: a bench whose supervisor is of system mode, in a process and a network of its own: users, walls, cgroups and
 * rules are real, only the files of users are the test's. It has an app `blog` with the directories of its build 1.
 */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeBench, type Bench } from "./bench.ts";
import { makeCgroup } from "./cgroup/cgroup.ts";
import type { CgroupTree } from "./cgroup/detect.ts";
import { wallClock } from "./clock.ts";
import type { ServiceDefinition } from "./services.ts";
import { treeOf } from "./system.ts";
import { walledArgv } from "./system-testing.ts";
import { withoutCgroups, withoutWalls } from "./walls/testing.ts";

/** For `skip`. */
export function withoutSystemMode(): string | false {
  return withoutWalls() || withoutCgroups("/usr/sbin/nft", "/usr/sbin/useradd", "/usr/sbin/ip");
}

/** User and group of `blog`. */
export const blogUid = 70_000;

export type WalledBench = Bench & {
  readonly tree: CgroupTree;
  /** What enters the network. */
  readonly inNetwork: readonly string[];
  /** Ended with the bench. */
  readonly children: ChildProcess[];
  /** A supervisor that dies at `point`; resolves when it serves or has died. */
  walled(
    point?: string,
    services?: readonly ServiceDefinition[],
  ): Promise<{ readonly child: ChildProcess; readonly died: Promise<unknown> }>;
};

export async function makeWalledBench(directory?: string): Promise<WalledBench> {
  const bench = makeBench(directory);
  const tree = treeOf(bench.layout);
  const etc = join(bench.layout.root, "etc");
  mkdirSync(etc, { recursive: true });
  for (const name of ["passwd", "group", "shadow", "gshadow", "login.defs"]) writeFileSync(join(etc, name), "");
  const network = spawn(
    "/usr/bin/unshare",
    ["--net", "/bin/sh", "-c", "ip link set lo up && echo up && exec sleep 1000"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const children: ChildProcess[] = [network];
  await once(network.stdout ?? assert.fail(), "data");
  const inNetwork = ["/usr/bin/nsenter", `--net=/proc/${network.pid}/ns/net`];
  return {
    ...bench,
    tree,
    inNetwork,
    children,
    async walled(point = "never", services = []) {
      const [file = "", ...args] = [...inNetwork, process.execPath, ...walledArgv(bench.layout, point, services)];
      const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
      children.push(child);
      const died = once(child, "exit");
      await Promise.race([once(child.stdout, "data"), died]);
      return { child, died };
    },
    async clean() {
      for (const child of children) child.kill("SIGKILL");
      await bench.clean();
      const top = makeCgroup(tree, []);
      await top.kill(wallClock);
      assert.equal(await top.remove(wallClock), true);
    },
  };
}
