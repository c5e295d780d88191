import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { after, describe, it } from "node:test";
import { wallClock } from "../clock.ts";
import { makeCgroup, missingControllers, openTree, type Cgroup } from "./cgroup.ts";
import { detectCgroups } from "./detect.ts";
import { noLimits } from "./versions.ts";
import { withoutCgroups } from "../walls/testing.ts";

const mebi = 1024 * 1024;

// On whatever version this host has; version 2 is played on recorded trees beside (version-two.test.ts).
describe("a cgroup", { skip: withoutCgroups() }, () => {
  const found = detectCgroups(`hop3-test-${process.pid}`);
  assert.ok(found !== undefined, "this host has no cgroups");
  const tree = found;
  openTree(tree, process.pid);
  const all: Cgroup[] = [];
  const make = (...parts: string[]): Cgroup => {
    const made = makeCgroup(tree, parts);
    all.push(made);
    return made;
  };
  after(async () => {
    const top = makeCgroup(tree, []);
    await top.kill(wallClock);
    assert.equal(await top.remove(wallClock), true);
  });

  it("ends a process that takes more memory than it may, and tells so", async () => {
    assert.deepEqual(missingControllers(tree), []);
    const group = make("hog");
    group.limit({ ...noLimits, memory: 48 * mebi });
    assert.equal(group.facts().outOfMemory, 0);
    const ended = await endOf(inside(group, ["/usr/bin/python3", "-c", "x = bytearray(200 << 20)"]));
    assert.deepEqual(ended, { code: null, signal: "SIGKILL" });
    const facts = group.facts();
    assert.equal(facts.outOfMemory, 1);
    assert.ok((facts.memoryPeak ?? 0) >= 40 * mebi && (facts.memoryPeak ?? 0) <= 48 * mebi, String(facts.memoryPeak));
    const free = await endOf(inside(make("free"), ["/usr/bin/python3", "-c", "x = bytearray(200 << 20)"]));
    assert.deepEqual(free, { code: 0, signal: null });
  });

  it("takes another limit while it is in use, higher and lower", () => {
    const group = make("changed");
    for (const memory of [64, 256, 32].map((size) => size * mebi)) group.limit({ ...noLimits, memory });
    group.limit(noLimits);
  });

  it("holds back the processor", async () => {
    const group = make("busy");
    group.limit({ ...noLimits, cpu: 0.2 });
    const child = inside(group, ["/bin/sh", "-c", "while :; do :; done"]);
    await until(() => (group.facts().cpu ?? 0) > 0);
    const [from, begun] = [group.facts().cpu ?? 0, Date.now()];
    await until(() => Date.now() - begun > 1000);
    const share = ((group.facts().cpu ?? 0) - from) / ((Date.now() - begun) / 1000);
    assert.ok(share < 0.35, `it took ${share} of a processor`);
    assert.equal(await group.kill(wallClock), true);
    await endOf(child);
  });

  it("bounds a fork bomb, and kills all of it with whatever has left its session", async () => {
    const group = make("bomb");
    group.limit({ ...noLimits, processes: 30 });
    const bomb = inside(group, ["/bin/sh", "-c", "b() { setsid /bin/sh -c 'sleep 100' & b & b; }; b 2>/dev/null"]);
    await until(() => (group.facts().processes ?? 0) >= 25);
    assert.ok((group.facts().processes ?? 0) <= 30);
    assert.equal(await group.kill(wallClock), true);
    assert.deepEqual(group.members(), []);
    await endOf(bomb);
    assert.equal(await group.remove(wallClock), true);
    for (const join of group.joins) assert.equal(existsSync(join), false);
  });

  it("bounds an app's cgroup and each of those in it", async () => {
    const app = make("app");
    app.limit({ ...noLimits, processes: 5 });
    const [web, worker] = [make("app", "web"), make("app", "worker")];
    web.limit({ ...noLimits, processes: 100 });
    const many = "for i in 1 2 3 4 5 6 7 8; do sleep 100 & done 2>/dev/null; wait";
    // A shell that cannot fork gives up; its eight children alone would fit into the limit of their own cgroup.
    const ended = await Promise.all([web, worker].map((one) => endOf(inside(one, ["/bin/sh", "-c", many]))));
    assert.deepEqual(ended, [
      { code: 2, signal: null },
      { code: 2, signal: null },
    ]);
    assert.ok((app.facts().processes ?? 0) >= 3 && (app.facts().processes ?? 0) <= 5);
    assert.equal(await app.kill(wallClock), true);
    assert.equal(await app.remove(wallClock), true);
  });

  it("stays while something is in it", async () => {
    const group = make("held");
    const child = inside(group, ["/bin/sleep", "100"]);
    await until(() => group.members().includes(child.pid ?? 0));
    assert.equal(await group.remove({ ...wallClock, now: jumping() }), false);
    assert.equal(await group.kill(wallClock), true);
    await endOf(child);
  });
});

/** Joins before anything of the command runs. */
function inside({ joins }: Cgroup, argv: readonly string[]): ChildProcess {
  const enter = 'while [ "$1" != -- ]; do echo $$ >"$1" || exit 125; shift; done; shift; exec "$@"';
  return spawn("/bin/sh", ["-c", enter, "sh", ...joins, "--", ...argv], { stdio: "ignore" });
}

function endOf(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve({ code: child.exitCode, signal: child.signalCode });
  }
  return new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, "it did not come about");
    await wallClock.sleep(20);
  }
}

/** A clock on which each look is a second later. */
function jumping(): () => number {
  let now = 0;
  return () => (now += 1000);
}
