import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { makeCgroup, openTree } from "../cgroup/cgroup.ts";
import { detectCgroups } from "../cgroup/detect.ts";
import { wallClock } from "../clock.ts";
import { hostTool, type HostTool } from "../host-tool.ts";
import { loopbackGuard, type LoopbackGuard } from "./loopback-guard.ts";
import { netCgroup, type LoopbackApp } from "./loopback.ts";
import { withoutCgroups } from "./testing.ts";

const range = { first: 70_000, last: 79_999 };

describe("the guard of the loopback", { skip: withoutCgroups("/usr/sbin/nft") }, () => {
  const found = detectCgroups(`hop3-guard-${process.pid}`);
  assert.ok(found !== undefined);
  const tree = found;
  let holder: ChildProcess;
  /** The host's nft, in a network of its own. */
  const tool: HostTool = (argv, input) =>
    hostTool(["/usr/bin/nsenter", `--net=/proc/${holder.pid}/ns/net`, ...argv], input);
  const nft = (...argv: readonly string[]) => tool(["/usr/sbin/nft", ...argv]);
  const said: string[] = [];
  const cgroupOf = (...parts: string[]) => {
    const at = netCgroup(makeCgroup(tree, parts).unified, tree.top);
    assert.ok(at !== undefined);
    return at;
  };
  const app = (uid: number): LoopbackApp => ({ uid, cgroup: cgroupOf("apps", String(uid)), ports: [] });
  /** Its looks come as fast as they can. */
  const clock = { ...wallClock, sleep: (_: number, signal?: AbortSignal) => wallClock.sleep(10, signal) };
  const guardOf = (withTool: HostTool): LoopbackGuard =>
    loopbackGuard({ range, all: cgroupOf("apps"), tool: withTool, clock, log: (message) => void said.push(message) });

  before(() => {
    openTree(tree, process.pid);
    holder = spawn("/usr/bin/unshare", ["--net", "/bin/sh", "-c", "echo up; exec sleep 1000"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    return new Promise<void>((resolve) => holder.stdout?.once("data", () => resolve()));
  });
  after(async () => {
    holder.kill("SIGKILL");
    assert.equal(await makeCgroup(tree, []).remove(wallClock), true);
  });

  it("loads the rules of all apps, and of those alone that are left", async () => {
    const guard = guardOf(tool);
    assert.equal(guard.holds, false);
    assert.deepEqual(await Promise.all([guard.hold([app(70_001)]), guard.hold([app(70_001), app(70_002)])]), [
      true,
      true,
    ]);
    assert.match((await nft("list", "map", "inet", "hop3", "senders")).stdout, /70001.*70002/s);
    assert.equal(await guard.hold([app(70_002)]), true);
    assert.doesNotMatch((await nft("list", "map", "inet", "hop3", "senders")).stdout, /70001/);
    assert.equal(guard.holds, true);
  });

  it("loads them again when somebody has taken them away, and says so", async () => {
    const guard = guardOf(tool);
    await guard.hold([app(70_001)]);
    const stop = new AbortController();
    const watching = guard.watch(stop.signal);
    await nft("flush", "ruleset");
    const deadline = Date.now() + 20_000;
    while (!/70001/.test((await nft("list", "ruleset")).stdout)) assert.ok(Date.now() < deadline, "they stayed away");
    stop.abort();
    await watching;
    assert.ok(said.some((message) => /taken away/.test(message)));
  });

  it("tells that they do not hold where they cannot be loaded", async () => {
    const refusing = guardOf(() => Promise.resolve({ status: 1, stdout: "", stderr: "syntax error" }));
    assert.equal(await refusing.hold([]), false);
    assert.equal(refusing.holds, false);
    const missing = guardOf(() => Promise.reject(new Error("ENOENT")));
    assert.equal(await missing.hold([]), false);
  });
});
