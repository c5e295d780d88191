/** Hosts of each kind as they were recorded: `/proc/self/mountinfo`, `/proc/self/cgroup`, and files of a tree of version 2. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { wallClock } from "../clock.ts";
import { enclose } from "../enclose.ts";
import { makeCgroup, missingControllers, moveAside, openTree } from "./cgroup.ts";
import { detectCgroups } from "./detect.ts";
import { noLimits } from "./versions.ts";

const second =
  "35 24 0:30 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n";
const ext4 = "24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n";
const unit = "/system.slice/hop3-supervisor.service";
const mebi = 1024 * 1024;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "hop3-cgroup-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function record(files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

const read = (path: string): string => readFileSync(join(root, path), "utf8");

describe("a host of version 2 below systemd", () => {
  beforeEach(() =>
    record({
      "proc/self/mountinfo": ext4 + second,
      "proc/self/cgroup": `0::${unit}\n`,
      "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory hugetlb pids rdma misc\n",
      [`sys/fs/cgroup${unit}/cgroup.controllers`]: "cpu memory pids\n",
      [`sys/fs/cgroup${unit}/cgroup.procs`]: "811\n",
    }),
  );

  it("is used in the part that was delegated, which the supervisor leaves for a leaf of its own", () => {
    const tree = detectCgroups("hop3", root);
    assert.deepEqual(missingControllers(tree), []);
    assert.ok(tree !== undefined);
    assert.equal(tree.unified, `${root}/sys/fs/cgroup${unit}`);
    openTree(tree, 811);
    assert.equal(read(`sys/fs/cgroup${unit}/supervisor/cgroup.procs`), "811");
    assert.equal(read(`sys/fs/cgroup${unit}/cgroup.subtree_control`), "+memory +cpu +pids");
  });

  it("may be another unit's that was named, whose placeholder is moved aside", () => {
    const apps = "/system.slice/apps.service";
    record({
      [`sys/fs/cgroup${apps}/cgroup.controllers`]: "cpu memory pids\n",
      [`sys/fs/cgroup${apps}/cgroup.procs`]: "4711\n",
    });
    const tree = detectCgroups("hop3", root, apps);
    assert.equal(tree?.unified, `${root}/sys/fs/cgroup${apps}`);
    moveAside(tree);
    assert.equal(read(`sys/fs/cgroup${apps}/supervisor/cgroup.procs`), "4711");
    openTree(tree, 811);
    assert.equal(read(`sys/fs/cgroup${apps}/cgroup.subtree_control`), "+memory +cpu +pids");
    assert.equal(read(`sys/fs/cgroup${apps}/supervisor/cgroup.procs`), "4711");
  });

  it("is found at the same place by the next supervisor, which starts in that leaf or in the unit", () => {
    const before = detectCgroups("hop3", root);
    record({ "proc/self/cgroup": `0::${unit}/supervisor\n` });
    assert.deepEqual(detectCgroups("hop3", root), before);
  });

  it("takes limits, and tells what was used and whether memory ran out", () => {
    const tree = detectCgroups("hop3", root);
    assert.ok(tree !== undefined);
    const leaf = `sys/fs/cgroup${unit}/apps/70001/web.1`;
    record({ [`${leaf}/memory.swap.max`]: "max\n" });
    const group = makeCgroup(tree, ["apps", "70001", "web.1"]);
    assert.deepEqual(group.joins, [join(root, leaf, "cgroup.procs")]);
    group.limit({ memory: 512 * mebi, cpu: 1.5, processes: 100 });
    assert.equal(read(`${leaf}/memory.max`), "536870912");
    assert.equal(read(`${leaf}/memory.swap.max`), "0");
    assert.equal(read(`${leaf}/cpu.max`), "150000 100000");
    assert.equal(read(`${leaf}/pids.max`), "100");
    // Only what hands controllers on may, and a leaf with processes must not.
    assert.equal(read(`sys/fs/cgroup${unit}/apps/70001/cgroup.subtree_control`), "+memory +cpu +pids");
    assert.ok(!readdirSync(join(root, leaf)).includes("cgroup.subtree_control"));
    group.limit(noLimits);
    assert.equal(read(`${leaf}/memory.max`), "max");
    assert.equal(read(`${leaf}/cpu.max`), "max 100000");
    record({
      [`${leaf}/memory.current`]: "104857600\n",
      [`${leaf}/cgroup.procs`]: "12\n34\n",
      [`${leaf}/memory.stat`]: `anon 1000\nfile 50000000\ninactive_file ${20 * mebi}\nactive_file 10\n`,
      [`${leaf}/memory.peak`]: "209715200\n",
      [`${leaf}/memory.events`]: "low 0\nhigh 0\nmax 312\noom 3\noom_kill 2\noom_group_kill 0\n",
      [`${leaf}/cpu.stat`]: "usage_usec 1250000\nuser_usec 1000000\nsystem_usec 250000\nnr_periods 0\n",
      [`${leaf}/pids.current`]: "7\n",
      [`${leaf}/pids.events`]: "max 4\n",
    });
    assert.deepEqual(group.facts(), {
      memory: 100 * mebi,
      fileCache: 20 * mebi,
      memoryPeak: 200 * mebi,
      outOfMemory: 2,
      cpu: 1.25,
      processes: 7,
      outOfProcesses: 4,
    });
    assert.deepEqual(group.usage(), { cpu: 1.25, memory: 80 * mebi, pids: [12, 34] });
  });

  it("limits a release as a whole and each of its runs, and lets the group go with its last run", async () => {
    const tree = detectCgroups("hop3", root);
    assert.ok(tree !== undefined);
    const system = { cgroup: (parts: readonly string[]) => makeCgroup(tree, parts) };
    const whole = { memory: 512 * mebi, cpu: 2, processes: 100 };
    const walls = { above: ["apps", "70001", "r3"], whole, limits: { ...noLimits, cpu: 0.005 }, most: whole };
    const argv = (joins: readonly string[]) => [...joins];
    const { cgroup } = enclose(system, { ...walls, argv }, "0abc-k3j9x2lq", wallClock);
    const group = `sys/fs/cgroup${unit}/apps/70001/r3`;
    assert.equal(read(`${group}/cgroup.subtree_control`), "+memory +cpu +pids");
    assert.deepEqual(
      ["memory.max", "cpu.max", "pids.max"].map((file) => read(`${group}/${file}`)),
      ["536870912", "200000 100000", "100"],
    );
    // The kernel takes no less than a millisecond; what has no limit says so, whoever had it before.
    assert.deepEqual(
      ["memory.max", "cpu.max", "pids.max"].map((file) => read(`${group}/0abc-k3j9x2lq/${file}`)),
      ["max", "1000 100000", "max"],
    );
    // A kernel without swap has no such file, and none is made.
    assert.ok(!readdirSync(join(root, group)).includes("memory.swap.max"));
    // Of a real tree the files would go with their directory.
    for (const path of [`${group}/0abc-k3j9x2lq`, group]) {
      for (const file of readdirSync(join(root, path), { withFileTypes: true })) {
        if (!file.isDirectory()) rmSync(join(root, path, file.name));
      }
    }
    assert.equal(await cgroup.remove(wallClock), true);
    assert.deepEqual(readdirSync(join(root, `sys/fs/cgroup${unit}/apps/70001`)), ["cgroup.subtree_control"]);
  });

  it("tells nothing of what an older kernel does not count", () => {
    const tree = detectCgroups("hop3", root);
    assert.ok(tree !== undefined);
    const leaf = `sys/fs/cgroup${unit}/apps/70001/web.1`;
    // Before memory.peak (5.19) and pids.events; an event that never was is none, or 0.
    record({ [`${leaf}/memory.current`]: "4096\n", [`${leaf}/memory.events`]: "low 0\nhigh 0\nmax 0\noom 0\n" });
    const { memory, memoryPeak, outOfMemory, processes, outOfProcesses } = makeCgroup(tree, [
      "apps",
      "70001",
      "web.1",
    ]).facts();
    assert.deepEqual(
      { memory, memoryPeak, outOfMemory, processes, outOfProcesses },
      { memory: 4096, memoryPeak: undefined, outOfMemory: 0, processes: undefined, outOfProcesses: undefined },
    );
  });

  it("kills all at once where the kernel can", async () => {
    const tree = detectCgroups("hop3", root);
    assert.ok(tree !== undefined);
    record({ [`sys/fs/cgroup${unit}/apps/70001/cgroup.kill`]: "" });
    assert.equal(await makeCgroup(tree, ["apps", "70001"]).kill(wallClock), true);
    assert.equal(read(`sys/fs/cgroup${unit}/apps/70001/cgroup.kill`), "1");
  });

  it("refuses a limit whose controller was not delegated, and sets none", () => {
    record({ [`sys/fs/cgroup${unit}/cgroup.controllers`]: "memory pids\n" });
    const tree = detectCgroups("hop3", root);
    assert.ok(tree !== undefined);
    assert.deepEqual(missingControllers(tree), ["cpu"]);
    const group = makeCgroup(tree, ["apps"]);
    assert.throws(() => group.limit({ memory: mebi, cpu: 1, processes: 1 }), { code: "UNAVAILABLE" });
    assert.ok(!readdirSync(join(root, `sys/fs/cgroup${unit}/apps`)).includes("memory.max"));
    group.limit({ ...noLimits, memory: 64 * mebi });
  });
});

it("without systemd a directory of our own is made at the top of version 2", () => {
  record({
    "proc/self/mountinfo": ext4 + second,
    "proc/self/cgroup": "0::/\n",
    "sys/fs/cgroup/cgroup.controllers": "cpu memory pids\n",
  });
  assert.equal(detectCgroups("hop3", root)?.unified, `${root}/sys/fs/cgroup/hop3`);
});

it("a host of version 1 has a directory a controller, and version 2 beside without controllers", () => {
  const v1 = (name: string) => `30 24 0:26 / /sys/fs/cgroup/${name} rw,relatime - cgroup cgroup rw,${name}\n`;
  record({
    "proc/self/mountinfo":
      ext4 +
      v1("cpu,cpuacct") +
      v1("pids") +
      "31 24 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n" +
      "32 24 0:33 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd\n",
    "proc/self/cgroup": "8:pids:/\n4:cpu,cpuacct:/\n0::/\n",
    "sys/fs/cgroup/unified/cgroup.controllers": "\n",
  });
  const tree = detectCgroups("hop3", root);
  assert.deepEqual(tree, {
    version: 1,
    bases: { cpu: `${root}/sys/fs/cgroup/cpu,cpuacct/hop3`, pids: `${root}/sys/fs/cgroup/pids/hop3` },
    unified: `${root}/sys/fs/cgroup/unified/hop3`,
    top: `${root}/sys/fs/cgroup/unified`,
  });
  assert.deepEqual(missingControllers(tree), ["memory"]);
});

it("in a container that sees a part of version 2 alone, what is below that part is used", () => {
  record({
    "proc/self/mountinfo": `35 24 0:30 /lxc/one /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n`,
    "proc/self/cgroup": "0::/lxc/one/init.scope\n",
    "sys/fs/cgroup/cgroup.controllers": "memory\n",
  });
  assert.equal(detectCgroups("hop3", root)?.unified, `${root}/sys/fs/cgroup/init.scope`);
});

it("a host without cgroups is told apart", () => {
  record({ "proc/self/mountinfo": ext4, "proc/self/cgroup": "" });
  assert.equal(detectCgroups("hop3", root), undefined);
  assert.deepEqual(missingControllers(undefined), ["memory", "cpu", "pids"]);
});
