/** The life of an instance inside the walls is that of one outside: started by the launcher, asked to end, ended, adopted. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { makeCgroup, openTree, type Cgroup } from "../cgroup/cgroup.ts";
import { detectCgroups } from "../cgroup/detect.ts";
import { noLimits } from "../cgroup/versions.ts";
import { wallClock } from "../clock.ts";
import { LAUNCHER_ENV, LAUNCHER_SCRIPT, launcherArgv, prepareInstance } from "../output/launcher.ts";
import { isAlive } from "../output/proc-stat.ts";
import { readBootId, readOutcome, type Outcome } from "../output/status-file.ts";
import { appProcesses, markName, treeProcesses, type Marked } from "../proc-tree.ts";
import { askToEnd, killApp, killTree } from "../terminate.ts";
import { wallArgv } from "./argv.ts";
import { readHostView } from "./host-view.ts";
import { closeInherited } from "./inherited.ts";
import { seccompFilter } from "./seccomp.ts";
import { withoutCgroups, withoutWalls } from "./testing.ts";

const uid = 70_001;

describe("an instance inside the walls", { skip: withoutWalls() || withoutCgroups() }, () => {
  const tree = detectCgroups(`hop3-life-${process.pid}`);
  assert.ok(tree !== undefined);
  const found = tree;
  let root: string;
  let group: Cgroup;
  let mark: string;
  let run: string;
  const host = readHostView();

  beforeEach(() => {
    openTree(found, process.pid);
    root = mkdtempSync(join(tmpdir(), "hop3-life-"));
    chmodSync(root, 0o755);
    for (const name of ["tree", "data", "names"]) mkdirSync(join(root, name));
    chownSync(join(root, "data"), uid, uid);
    for (const name of ["passwd", "group"])
      writeFileSync(join(root, "names", name), `app:x:${uid}:${uid}::/:/bin/sh\n`);
    writeFileSync(join(root, "filter"), seccompFilter(process.arch) ?? "");
    writeFileSync(join(root, "launcher.sh"), LAUNCHER_SCRIPT);
    mark = Math.random().toString(36).slice(2, 10).padEnd(8, "0");
    run = join(root, "run");
    group = makeCgroup(found, ["apps", String(uid), mark]);
  });
  afterEach(async () => {
    await killTree({ mark }, wallClock);
    const top = makeCgroup(found, []);
    await top.kill(wallClock);
    assert.equal(await top.remove(wallClock), true);
    rmSync(root, { recursive: true });
  });

  const start = (command: readonly string[], env: Record<string, string> = {}): void => {
    prepareInstance(run, { PATH: "/usr/bin:/bin", DATA: join(root, "data"), ...env, [markName]: mark });
    const walls = wallArgv(
      {
        uid,
        apps: 65_530,
        cgroups: group.joins,
        openFiles: 1024,
        filter: join(root, "filter"),
        names: join(root, "names"),
        readable: [join(root, "tree")],
        writable: [join(root, "data")],
        sockets: [],
        temporary: { bytes: 1 << 24 },
        sharedMemory: 1 << 24,
        network: true,
        cwd: join(root, "tree"),
      },
      host,
    );
    const [file = "", ...args] = launcherArgv(join(root, "launcher.sh"), run, walls, command);
    spawn(file, args, {
      detached: true,
      stdio: "ignore",
      env: { ...LAUNCHER_ENV, [markName]: mark },
      cwd: "/",
    }).unref();
  };
  const outcome = (): Outcome => readOutcome(run, readBootId());
  /** As a supervisor that did not start it would find it: from the files alone. */
  const marked = (): Marked => {
    const { status } = outcome();
    return { mark, app: status.app, launcher: status.launcher };
  };
  const ended = async (): Promise<number | undefined> => {
    await until(() => existsSync(join(run, "status")) && outcome().kind === "exited");
    return outcome().status.exitCode;
  };
  const output = (): string =>
    readdirSync(run)
      .filter((name) => /^(out|err)\.\d+$/.test(name))
      .map((name) => readFileSync(join(run, name), "utf8"))
      .join("");
  const up = (): Promise<void> => until(() => existsSync(run) && /up/.test(output()));

  for (const [what, command, status] of [
    ["its exit status", "exit 42", 42],
    ["the signal that ended it", "kill -9 $$", 137],
    ["that it could not be started", "exec /nowhere 2>/dev/null", 127],
  ] as const) {
    it(`tells ${what}`, async () => {
      start(["/bin/sh", "-c", command]);
      assert.equal(await ended(), status);
    });
  }

  it("gets its environment, its user and its limits, and writes its output", async () => {
    group.limit({ ...noLimits, processes: 50 });
    start(["/bin/sh", "-c", 'echo "$SECRET $(id -u) $(ulimit -n)"; echo reopened >/dev/stderr'], { SECRET: "it's" });
    await ended();
    await until(() => /reopened/.test(output()));
    assert.match(output(), /it's 70001 1024\n/);
    assert.ok(!existsSync(join(run, "env")));
  });

  it("has no descriptor but its three, and none of what runs as root before it has its variables", async () => {
    const listing = `import os, time; print(sorted(map(int, os.listdir("/proc/self/fd"))), "up", flush=True); time.sleep(1000)`;
    closeInherited(); // as the supervisor does first of all
    start(["/usr/bin/python3", "-c", listing], { LD_PRELOAD: "", SECRET: "told-to-the-app-alone" });
    await up();
    // The fourth is the listing's own.
    assert.match(output(), /^\[0, 1, 2, 3\] up$/m);
    const told = treeProcesses({ mark })
      .filter(({ pid }) => readFileSync(`/proc/${pid}/environ`, "latin1").includes("told-to-the-app-alone"))
      .map(({ pid }) => statSync(`/proc/${pid}`).uid);
    assert.deepEqual(told, [uid]);
  });

  it("asked to end, ends as it wants to, and its answer is told", async () => {
    start(["/usr/bin/python3", "-c", ending]);
    await up();
    askToEnd(marked());
    assert.equal(await ended(), 5);
    assert.match(output(), /asked\nlast words/);
  });

  it("ends by TERM when it has nothing to say to it, though it is the first of its processes", async () => {
    start(["/bin/sh", "-c", "echo up; exec sleep 1000"]);
    await up();
    askToEnd(marked());
    assert.equal(await ended(), 143);
  });

  it("that does not listen is killed, and with it whatever left its session", async () => {
    start([
      "/bin/sh",
      "-c",
      "trap '' TERM; setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' & echo up; while :; do sleep 1; done",
    ]);
    await up();
    await until(() => group.members().length >= 5);
    askToEnd(marked());
    assert.equal(outcome().kind, "running");
    assert.equal(await killApp(marked(), wallClock), true);
    assert.equal(await ended(), 137);
    await until(() => group.members().length === 0);
  });

  it("takes its children with it when it ends", async () => {
    start(["/bin/sh", "-c", "setsid sleep 1000 & exit 3"]);
    assert.equal(await ended(), 3);
    await until(() => group.members().length === 0);
    assert.equal(await group.remove(wallClock), true);
  });

  it("is found by a supervisor that did not start it, with all its processes, each of them in its cgroup", async () => {
    start(["/bin/sh", "-c", "sleep 1000 & echo up; sleep 1000; :"]);
    await up();
    const { status } = outcome();
    assert.ok(status.app !== undefined && isAlive(status.app));
    const names = appProcesses({ mark }).map(({ comm }) => comm);
    assert.deepEqual(names.filter((name) => name === "sleep").length, 2);
    // The pumps stay outside: a full cgroup must not hold up the output.
    const inside = new Set(group.members());
    const outside = treeProcesses({ mark }).filter(({ pid }) => !inside.has(pid));
    assert.deepEqual([...new Set(outside.map(({ comm }) => comm))].toSorted(), ["dd", "sh"]);
  });

  it("whose launcher is killed ends, for nobody could tell its end", async () => {
    start(["/bin/sh", "-c", "echo up; sleep 1000; :"]);
    await up();
    const { launcher } = outcome().status;
    process.kill(launcher?.pid ?? 0, "SIGKILL");
    await until(() => group.members().length === 0);
    await until(() => outcome().kind === "lost");
  });
});

const ending = `
import signal, sys
def end(number, frame):
  print("asked", flush=True); print("last words", flush=True); sys.exit(5)
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
while True: signal.pause()`;

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, "it did not come about");
    await wallClock.sleep(20);
  }
}
