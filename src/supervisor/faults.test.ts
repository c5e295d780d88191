/** What apps and hosts do to a supervisor, beside what misbehaving.test.ts has: docs/cases-runtime.md has the whole list. */
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, readdirSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { benchProcesses, eventually, logText, makeBench, serverCommand, type Bench } from "./bench.ts";
import { dyingArgv } from "./dying-argv.ts";
import { isAlive, readProcStat } from "./output/proc-stat.ts";
import type { InstanceStatus } from "./protocol.ts";
import { outOfInodesArgv } from "./testing-no-inodes.ts";
import { withoutRoot } from "./walls/testing.ts";

let bench: Bench;
let children: ChildProcess[];
beforeEach(() => {
  bench = makeBench();
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  await bench.clean();
});

/** A supervisor in a process of its own. */
async function start(): Promise<ChildProcess> {
  const child = spawn(process.execPath, dyingArgv(bench.layout), { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  await once(child.stdout, "data");
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

async function live(release: number): Promise<void> {
  await bench.client.call("app.start", { app: "blog", release });
  const { ready, status } = await bench.client.call("app.await", { app: "blog", release, timeout: 30 });
  assert.ok(ready, JSON.stringify(status));
  await bench.client.call("app.cutover", { app: "blog", release });
}

const instances = async (): Promise<readonly InstanceStatus[]> =>
  (await bench.client.call("status", {})).apps.flatMap((app) => app.instances);
const left = (): number[] =>
  benchProcesses(bench.layout.root).filter((pid) => !children.some((one) => one.pid === pid));

/** Listens until somebody connects to it, then closes its socket and runs on. */
const closing = `exec node -e "
  const server = require('net').createServer((socket) => { socket.destroy(); server.close(); }).listen(process.env.HOP3_SOCKET);
  setInterval(() => {}, 1000)"`;

describe("an app", () => {
  it("that closes its socket and runs on is replaced by a restart, and by the next supervisor", async () => {
    const first = await start();
    bench.release("blog", 1, { web: { command: closing, startTimeout: 2 } });
    await live(1);
    const deafen = async (): Promise<InstanceStatus> => {
      const [one] = await instances();
      const path = (one?.address ?? "").slice("unix/".length);
      const connects = async () => {
        const socket = createConnection(path);
        const how = await Promise.race([once(socket, "connect"), once(socket, "error")]).catch(() => ["refused"]);
        socket.destroy();
        return how.length === 0;
      };
      await eventually(async () => !(await connects()), "it does not listen any more");
      return one ?? assert.fail();
    };
    const deaf = await deafen();
    assert.equal((await bench.client.call("app.renew", { app: "blog", timeout: 30 })).ready, true);
    await bench.client.call("app.swap", { app: "blog", drain: 1 });
    const [renewed] = await instances();
    assert.notEqual(renewed?.pid, deaf.pid);
    // Whoever takes it over waits for it to listen, as after a start.
    const again = await deafen();
    await kill(first);
    await start();
    await eventually(
      async () => {
        const [one] = await instances();
        return one?.state === "ready" && one.pid !== again.pid;
      },
      "it was started again",
      30_000,
    );
    assert.match((await instances())[0]?.lastExit ?? "", /did not listen within 2 s/);
  });

  it("that leaves zombies and orphans ends with all of them, and the supervisor has none", async () => {
    const supervisor = await start();
    const zombies = `exec perl -e 'for (1 .. 10) { fork or exit } fork or exec "setsid", "sleep", "1000"; sleep 1000'`;
    bench.release("blog", 1, { worker: { command: zombies, count: 3 } });
    await live(1);
    const zombiesOf = (pid: number) =>
      readdirSync("/proc").filter((name) => {
        const stat = readProcStat(Number(name));
        return stat?.state === "Z" && stat.ppid === pid;
      }).length;
    for (const { pid } of await instances())
      await eventually(() => zombiesOf(pid ?? 0) === 10, "there are ten zombies");
    await bench.client.call("app.stop", { app: "blog" });
    assert.deepEqual(left(), []);
    await eventually(() => zombiesOf(supervisor.pid ?? 0) === 0, "the supervisor has asked after its own");
  });

  it("that writes 100 MB of log a second takes no more than its bound, and costs another app no line", async () => {
    await start();
    const flood = `exec node -e "const b = Buffer.alloc(1e6, 'x'.repeat(99) + '\\\\n');
      const fs = require('fs'); for (;;) { const began = Date.now(); for (let i = 0; i < 10; i += 1) fs.writeSync(1, b);
      const left = 100 - (Date.now() - began); if (left > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, left) }"`;
    bench.release("loud", 1, { worker: { command: flood } });
    bench.release("blog", 1, {
      worker: { command: `exec node -e "let n = 0; setInterval(() => console.log(n++), 5)"` },
    });
    await bench.client.call("app.start", { app: "loud", release: 1 });
    await live(1);
    const waiting = () =>
      Number.parseInt(
        spawnSync("du", ["-sm", join(bench.layout.supervisor, "instances")], { encoding: "utf8" }).stdout,
        10,
      );
    const began = performance.now();
    let answers = 0;
    let most = 0;
    while (performance.now() - began < 4000) {
      most = Math.max(most, waiting());
      if ((await instances()).length === 2) answers += 1;
    }
    assert.ok(answers >= 3, `it answered ${answers} times in four seconds`);
    // 64 segments of 4 to 6 MiB, and what the other one has.
    assert.ok(most < 400, `${most} MB wait to be read`);
    await bench.client.call("app.forget", { app: "loud" });
    await bench.client.call("app.stop", { app: "blog" });
    assert.deepEqual(left(), []);
    const numbers = logText(bench, "blog")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => Number(line.split(" ")[2]));
    assert.ok(numbers.length > 100, `${numbers.length} lines`);
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index),
    );
  });
});

const lastPid = "/proc/sys/kernel/ns_last_pid";
const withoutNumbers = ((): string | false => {
  try {
    accessSync(lastPid, constants.W_OK);
    return withoutRoot("/usr/bin/perl");
  } catch {
    return "the number of the next process cannot be chosen here";
  }
})();

/** Forks until a child has this number, which leads a session of its own then, and runs on. */
const takeNumber = `
my $wanted = shift;
for (1 .. 2000) {
  open my $file, '>', '${lastPid}' or die $!;
  print $file $wanted - 1;
  close $file;
  my $pid = fork;
  if ($pid == 0) { exit 0 if $$ != $wanted; open STDOUT, '>', '/dev/null'; open STDERR, '>', '/dev/null'; exec 'setsid', 'sleep', '1000' }
  if ($pid == $wanted) { print "taken\\n"; exit 0 }
  waitpid $pid, 0;
}
print "not taken\\n";
`;

describe("the number of a process that was taken over", { skip: withoutNumbers }, () => {
  for (const how of ["tells its end", "is killed before"] as const) {
    it(`belongs to a stranger when its launcher ${how}: the stranger is left alone, and the app is started again`, async () => {
      const first = await start();
      bench.release("blog", 1, { web: { command: serverCommand("unix", "one") } });
      await live(1);
      const [before] = await instances();
      const pid = before?.pid ?? assert.fail();
      const launcher = readProcStat(pid)?.ppid ?? assert.fail();
      await kill(first);
      const second = await start();
      await eventually(async () => (await instances())[0]?.state === "ready", "it is taken over");
      assert.equal((await instances())[0]?.pid, pid);
      // It does not look while its process ends and the number is taken.
      second.kill("SIGSTOP");
      if (how === "is killed before") process.kill(launcher, "SIGKILL");
      process.kill(pid, "SIGKILL");
      await eventually(() => readProcStat(pid) === undefined, "its number is free");
      const taken = spawnSync("/usr/bin/perl", ["-e", takeNumber, String(pid)], {
        encoding: "utf8",
        env: {},
        cwd: "/",
      });
      assert.equal(taken.stdout, "taken\n", taken.stderr);
      const stranger = readProcStat(pid) ?? assert.fail("the stranger is there");
      try {
        second.kill("SIGCONT");
        await eventually(
          async () => {
            const [one] = await instances();
            return one?.state === "ready" && one.pid !== pid;
          },
          "it was started again",
          30_000,
        );
        await bench.client.call("app.stop", { app: "blog" });
        assert.deepEqual(left(), []);
        assert.ok(isAlive(stranger), "the stranger lives");
      } finally {
        process.kill(pid, "SIGKILL");
      }
    });
  }
});

it("a file system without inodes starts nothing and says so, what serves goes on, and room brings everything back", (t) => {
  const namespace = process.getuid?.() === 0 ? ["-m"] : ["-rm"];
  const tried = spawnSync("unshare", [...namespace, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], { encoding: "utf8" });
  if (tried.status !== 0) return t.skip(`this host lets us mount nothing: ${tried.stderr.trim()}`);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const ended = spawnSync("unshare", [...namespace, ...outOfInodesArgv()], { encoding: "utf8", env, timeout: 120_000 });
  assert.equal(ended.status, 0, `${ended.stdout}\n${ended.stderr}`);
});
