import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { makeCgroup, openTree, type Cgroup } from "../cgroup/cgroup.ts";
import { detectCgroups, type CgroupTree } from "../cgroup/detect.ts";
import { wallClock } from "../clock.ts";
import { hostTool } from "../host-tool.ts";
import { bpfCall, canHoldPorts, holdPorts } from "./port-range.ts";
import { withoutCgroups } from "./testing.ts";

const [first, last, own] = [45_100, 45_199, 45_150];

describe("ports that are given to apps", { skip: withoutCgroups("/usr/bin/python3", "/usr/bin/perl") }, () => {
  let tree: CgroupTree;
  let cgroup: Cgroup;
  let holds: boolean;
  before(async () => {
    tree = detectCgroups(`hop3-ports-${process.pid}`) ?? assert.fail();
    openTree(tree, process.pid);
    cgroup = makeCgroup(tree, ["run"]);
    const trial = makeCgroup(tree, ["trial"]);
    holds = await canHoldPorts(trial.unified, hostTool);
    await trial.remove(wallClock);
  });
  after(async () => {
    await cgroup.remove(wallClock);
    await makeCgroup(tree, []).remove(wallClock);
  });

  /** Which of these ports a process of the cgroup may bind, over IPv4 and IPv6, TCP and UDP. */
  const bound = (ports: readonly number[]): unknown => {
    const code = `
import json, os, socket, sys
for path in sys.argv[1:]: open(path, "w").write(str(os.getpid()))
def may(family, host, kind, port):
  try: socket.socket(family, kind).bind((host, port))
  except PermissionError: return False
  return True
print(json.dumps([[may(family, host, kind, port) for family, host in ((2, "127.0.0.1"), (10, "::1"), (10, "::ffff:127.0.0.1")) for kind in (1, 2)] for port in ${JSON.stringify(ports)}]))`;
    const done = spawnSync("/usr/bin/python3", ["-c", code, ...cgroup.joins], { encoding: "utf8" });
    return (JSON.parse(done.stdout) as boolean[][]).map((one) => (one.every((may) => may === one[0]) ? one[0] : one));
  };

  it("are bound by those to whom they were given, over each protocol, and all others by anybody", (t) => {
    if (!holds) return t.diagnostic("this kernel has no programs on cgroups: named as a missing wall");
    const ports = [0, first - 1, first, own, last, last + 1];
    assert.deepEqual(bound(ports), [true, true, true, true, true, true]);
    const args = [bpfCall(), first, last, own].map(String);
    const { status } = spawnSync("/usr/bin/perl", ["-e", holdPorts, cgroup.unified ?? "", ...args]);
    assert.equal(status, 0);
    assert.deepEqual(bound(ports), [true, true, false, true, false, true]);
  });

  it("cannot be held where there is no such cgroup", async () => {
    assert.equal(await canHoldPorts(undefined, hostTool), false);
    assert.equal(await canHoldPorts("/tmp", hostTool), false);
  });
});
