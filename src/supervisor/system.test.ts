/**
 * Instances and services of system mode, from a real supervisor in a process and a network of its own: users, walls, cgroups
 * and rules are real, only the files of users are the test's.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, it } from "node:test";
import { benchProcesses, eventually, logText, makeBench } from "./bench.ts";
import { listCgroups, makeCgroup } from "./cgroup/cgroup.ts";
import { isGroup } from "./cgroup/groups.ts";
import { wallClock } from "./clock.ts";
import type { InstanceStatus } from "./protocol.ts";
import { isAlive, readProcStat } from "./output/proc-stat.ts";
import type { ServiceDefinition } from "./services.ts";
import { testIds } from "./system-testing.ts";
import { blogUid, makeWalledBench, withoutSystemMode, type WalledBench } from "./testing-walled.ts";

const skip = withoutSystemMode();
const app = blogUid;
const mebi = 1024 * 1024;

describe("a supervisor of system mode", { skip }, () => {
  let bench: WalledBench;

  beforeEach(async () => {
    bench = await makeWalledBench();
  });
  afterEach(() => bench.clean());

  const start = (point?: string, services?: readonly ServiceDefinition[]) => bench.walled(point, services);
  async function deploy(command: string): Promise<void> {
    bench.release("blog", 1, { web: { command } });
    await bench.client.call("app.start", { app: "blog", release: 1 });
    await bench.client.call("app.await", { app: "blog", release: 1, timeout: 15 });
    await bench.client.call("app.cutover", { app: "blog", release: 1 });
  }
  const instances = async (): Promise<readonly InstanceStatus[]> =>
    (await bench.client.call("status", {})).apps[0]?.instances ?? [];
  const ready = async (): Promise<InstanceStatus> => {
    await eventually(async () => (await instances())[0]?.state === "ready", "the instance is ready");
    return (await instances())[0] ?? assert.fail();
  };
  const leaves = (): string[] =>
    listCgroups(bench.tree, ["apps", String(app)]).flatMap((name) =>
      isGroup(name) ? listCgroups(bench.tree, ["apps", String(app), name]) : [name],
    );
  const members = (): number[] => makeCgroup(bench.tree, ["apps", String(app)]).members();
  const names = (path: string): string[] => (existsSync(path) ? readdirSync(path) : []);

  it("runs an instance as its app's user, behind its walls, in a cgroup of its own, and the edge may reach its socket", async () => {
    await start();
    await deploy(serving);
    const one = await ready();
    assert.match(one.address ?? "", /^unix\//);
    const path = (one.address ?? "").slice("unix/".length);
    const told = JSON.parse(await get(path)) as Record<string, unknown>;
    assert.deepEqual(told, {
      uid: app,
      gid: app,
      groups: [testIds.apps, app],
      tree: "refused",
      hosts: false,
      files: "2048",
    });
    const socket = statSync(path);
    assert.deepEqual([socket.uid, socket.gid, socket.mode & 0o777], [app, testIds.edge, 0o660]);
    assert.equal(leaves().length, 1);
    const inside = members().map((pid) => readFileSync(`/proc/${pid}/comm`, "latin1").trim());
    assert.ok(inside.includes("bwrap") && inside.length === 3, inside.join(" "));
  });

  it("is not told that a worker stays up before that has begun, though its walls take long", async () => {
    await start();
    // So little that what stands before its command takes far longer than it has to stay up.
    const limits = { app: {}, types: { worker: { cpu: 0.02 } } };
    bench.release("blog", 1, { worker: { command: "exit 3" } }, { limits });
    await bench.client.call("app.start", { app: "blog", release: 1 });
    const { ready, status } = await bench.client.call("app.await", { app: "blog", release: 1, timeout: 60 });
    assert.deepEqual([ready, status.instances[0]?.lastExit], [false, "exit 3"]);
  });

  it("is killed and takes it over with its cgroup, and ends it whole, so that nothing is left", async () => {
    const { child, died } = await start();
    await deploy(serving);
    const before = await ready();
    const leaf = leaves();
    child.kill("SIGKILL");
    await died;
    assert.match(await get((before.address ?? "").slice("unix/".length)), /"uid":70000/);
    await start();
    const now = await ready();
    assert.deepEqual([now.pid, now.id, leaves()], [before.pid, before.id, leaf]);
    await bench.client.call("app.stop", { app: "blog" });
    assert.deepEqual([await instances(), members(), leaves()], [[], [], []]);
    assert.deepEqual(names(join(bench.layout.supervisor, "instances")), []);
    assert.deepEqual([names(bench.layout.instanceSockets), names(bench.layout.doors)], [[], []]);
  });

  it("brings back what a reboot has taken: cgroups, rules, run directory and all that ran", async () => {
    const { child, died } = await start();
    await deploy(serving);
    const before = await ready();
    child.kill("SIGKILL");
    await died;
    const top = makeCgroup(bench.tree, []);
    await top.kill(wallClock);
    assert.equal(await top.remove(wallClock), true);
    const nft = (...args: readonly string[]) => {
      const [file = "", ...line] = [...bench.inNetwork, "/usr/sbin/nft", ...args];
      return spawnSync(file, line, { encoding: "utf8" });
    };
    assert.equal(nft("delete", "table", "inet", "hop3").status, 0);
    rmSync(bench.layout.run, { recursive: true });
    await start();
    const now = await ready();
    assert.notEqual(now.pid, before.pid);
    assert.match(await get((now.address ?? "").slice("unix/".length)), /"uid":70000/);
    assert.match(nft("list", "map", "inet", "hop3", "senders").stdout, /70000/);
    assert.equal(leaves().length, 1);
  });

  it("tells that memory was used up, and of what", async () => {
    await start();
    bench.release("blog", 1, { worker: { command: `exec node -e "${hog}"` } });
    await bench.client.call("app.start", { app: "blog", release: 1 });
    await bench.client.call("app.await", { app: "blog", release: 1, timeout: 15 }).catch(() => undefined);
    await eventually(async () => (await instances())[0]?.state === "failed", "it has failed", 30_000);
    assert.match((await instances())[0]?.lastExit ?? "", /^out of memory \(128M\): exit 137 /);
    assert.equal((await instances())[0]?.outOfMemory, 1);
    await eventually(() => leaves().length === 0, "its cgroup is gone");
  });

  it("writes and compresses logs that hop3d's group reads and nobody else writes, and tells what its cgroup counts", async () => {
    await start();
    const loud = `const { randomBytes } = require("crypto"), { writeSync } = require("fs"); for (let n = 0; n < 12000; n++) writeSync(1, randomBytes(740).toString("base64") + "\\n"); setInterval(() => {}, 1e6)`;
    const limits = { app: {}, types: { worker: { memory: 96 * mebi } } };
    bench.release("blog", 1, { worker: { command: `exec node -e '${loud}'` } }, { limits });
    await bench.client.call("app.start", { app: "blog", release: 1 });
    const logs = bench.layout.appLogs("blog");
    const files = (): string[] => readdirSync(logs, { recursive: true, encoding: "utf8" }).toSorted();
    await eventually(() => files().some((name) => name.endsWith("/1.zst")), "a file is compressed", 60_000);
    for (const name of files()) {
      const { uid, gid, mode } = statSync(join(logs, name));
      const isDirectory = (mode & 0o170000) === 0o040000;
      assert.deepEqual([uid, gid, mode & 0o7777], [0, testIds.hop3, isDirectory ? 0o2750 : 0o640], name);
    }
    const [one] = (await bench.client.call("metrics", {})).instances;
    assert.ok(one !== undefined && one.memoryBytes > 5 * mebi && one.memoryBytes < 96 * mebi, JSON.stringify(one));
    assert.equal(one.memoryLimitBytes, 96 * mebi);
    assert.ok(one.cpuSeconds > 0.05 && one.descriptors > 3 && (one.uptimeSeconds ?? 0) > 0, JSON.stringify(one));
  });

  it("tells a runtime its memory, by the limit of its type, and is refused above the ceiling", async () => {
    await start();
    const heap = "require('node:v8').getHeapStatistics().heap_size_limit";
    const command = `node -e "console.log('heap', Math.round(${heap} / 1048576)); setTimeout(() => {}, 1e6)"`;
    const limits = { app: {}, types: { worker: { memory: 96 * mebi } } };
    bench.release("blog", 1, { worker: { command } }, { limits });
    await bench.client.call("app.start", { app: "blog", release: 1 });
    await eventually(() => /heap \d+/.test(logText(bench, "blog")), "it has told");
    const told = Number(/heap (\d+)/.exec(logText(bench, "blog"))?.[1]);
    // V8 adds its young generation to what is told for the old one.
    assert.ok(told >= 64 && told <= 64 + 3 * 32, `V8 believes in ${told} MiB`);
    const more = { app: { memory: 129 * mebi }, types: {} };
    bench.release("blog", 2, { worker: { command } }, { limits: more });
    const refused = bench.client.call("app.start", { app: "blog", release: 2 });
    await assert.rejects(refused, /memory = 129M; this server gives at most 128M/);
    assert.deepEqual(
      (await instances()).map(({ release }) => release),
      [1],
    );
  });

  it("counts what an instance has lost because memory was used up, also while it goes on", async () => {
    await start();
    const command = "python3 -c 'x = bytearray(400 << 20)'; exec sleep 1000";
    bench.release("blog", 1, { worker: { command } });
    await bench.client.call("app.start", { app: "blog", release: 1 });
    await eventually(async () => (await instances())[0]?.outOfMemory === 1, "it has lost one");
    const [{ state, lastExit } = assert.fail()] = await instances();
    assert.deepEqual([state, lastExit], ["ready", null]);
  });

  it("tells that processes were used up, and of how many", async () => {
    await start();
    const command = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1000 & done; wait";
    const limits = { app: {}, types: { worker: { processes: 10 } } };
    bench.release("blog", 1, { worker: { command } }, { limits });
    await bench.client.call("app.start", { app: "blog", release: 1 });
    await eventually(async () => (await instances())[0]?.state === "failed", "it has failed");
    assert.match((await instances())[0]?.lastExit ?? "", /^out of processes \(10\): exit 2$/);
  });

  it("holds the processes of a release together: a fork bomb fails alone, and the server answers meanwhile", async () => {
    await start();
    const limits = { app: { processes: 30 }, types: {} };
    // What it forks stays, and goes on when it could not fork.
    const bomb = `exec python3 -c "
import os, time
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.01)"`;
    bench.release("blog", 1, { web: { command: serving } }, { limits });
    await bench.client.call("app.start", { app: "blog", release: 1 });
    await bench.client.call("app.await", { app: "blog", release: 1, timeout: 15 });
    await bench.client.call("app.cutover", { app: "blog", release: 1 });
    const serves = await ready();
    bench.release("blog", 2, { worker: { command: bomb, count: 2 } }, { limits });
    await bench.client.call("app.start", { app: "blog", release: 2 });
    const groups = () => listCgroups(bench.tree, ["apps", String(app)]);
    const inside = () =>
      groups().includes("r2") ? (makeCgroup(bench.tree, ["apps", String(app), "r2"]).facts().processes ?? 0) : 0;
    await eventually(() => inside() >= 25, "it has spread");
    for (let looked = 0; looked < 20; looked++) {
      const begun = performance.now();
      await bench.client.call("metrics", {});
      assert.ok(inside() <= 30, `${inside()} processes`);
      assert.ok(performance.now() - begun < 2000, "the server does not answer");
      // The release that serves has processes of its own.
      assert.match(await get((serves.address ?? "").slice("unix/".length)), /"uid":70000/);
    }
    await bench.client.call("app.retire", { app: "blog", release: 2, drain: 0, warm: 0 });
    await eventually(() => groups().join() === "r1", "its cgroup is gone");
  });

  it("shares the processor: a hog of many threads has what its limit says, and without one no more than what runs beside it", async () => {
    await start();
    const hog = "for i in 1 2 3 4 5 6 7 8; do (while :; do :; done) & done; wait";
    const used = (group: string) => makeCgroup(bench.tree, ["apps", String(app), group]).facts().cpu ?? 0;
    const shares = async (...groups: readonly string[]): Promise<number[]> => {
      const [before, begun] = [groups.map(used), performance.now()];
      await eventually(() => performance.now() - begun > 1500, "a while is over");
      return groups.map((group, index) => (used(group) - (before[index] ?? 0)) / ((performance.now() - begun) / 1000));
    };
    const run = async (release: number, command: string, cpu?: number): Promise<void> => {
      const limits = { app: cpu === undefined ? {} : { cpu }, types: {} };
      bench.release("blog", release, { worker: { command } }, { limits });
      await bench.client.call("app.start", { app: "blog", release });
      await bench.client.call("app.await", { app: "blog", release, timeout: 15 });
    };
    await run(1, hog, 0.5);
    const [limited = 0] = await shares("r1");
    assert.ok(limited < 0.75, `eight busy processes of half a processor took ${limited}`);
    await bench.client.call("app.retire", { app: "blog", release: 1, drain: 0, warm: 0 });
    await run(2, hog);
    await run(3, "while :; do :; done");
    const [many = 0, one = 0] = await shares("r2", "r3");
    // By threads it would be a ninth of what both have.
    assert.ok(one / (one + many) > 0.25, `one busy process beside eight took ${one}, they ${many}`);
  });

  it("lets no process have more open files than its type may", async () => {
    await start();
    const open = "i=0; for (;;) { try { require('fs').openSync('/dev/null'); i++ } catch (e) { break } }";
    const command = `node -e "${open}; console.log('opened', i); setTimeout(() => {}, 1e6)"`;
    const limits = { app: { openFiles: 500 }, types: { worker: { openFiles: 100 } } };
    bench.release("blog", 1, { worker: { command }, other: { command } }, { limits });
    await bench.client.call("app.start", { app: "blog", release: 1 });
    const told = () => [...logText(bench, "blog").matchAll(/opened (\d+)/g)].map(([, count]) => Number(count));
    await eventually(() => told().length === 2, "both have told");
    const [few = 0, many = 0] = told().toSorted((a, b) => a - b);
    assert.ok(few > 50 && few < 100 && many > 450 && many < 500, `${few} and ${many}`);
  });

  it("does not take a link in place of the socket for the app", async () => {
    await start();
    const lure = join(bench.layout.run, "supervisor.sock");
    bench.release("blog", 1, {
      web: { command: `ln -s ${lure} "$HOP3_SOCKET"; echo lured; exec sleep 1000`, startTimeout: 2 },
    });
    await bench.client.call("app.start", { app: "blog", release: 1 });
    await eventually(async () => (await instances())[0]?.failure === "not-ready", "it was given up");
    assert.match(logText(bench, "blog"), /lured/);
  });

  it("lets a request that came by the door end before the instance, and then no more than that", async () => {
    await start();
    await deploy(slow);
    const address = async (): Promise<string> => ((await ready()).address ?? "").slice("unix/".length);
    // The kernel lists a connection in the network of who has begun it, which the edge's is, too.
    const client = `require("http").get({ socketPath: process.argv[1] }, (r) => r.pipe(process.stdout))`;
    const [enter, ...into] = [...bench.inNetwork, process.execPath, "-e", client, await address()];
    const asking = spawn(enter, into, { stdio: ["ignore", "pipe", "ignore"] });
    const under = text(asking.stdout);
    await eventually(() => logText(bench, "blog").includes("asked"), "the request has come");
    bench.release("blog", 2, { web: { command: slow } });
    const second = { app: "blog", release: 2 };
    await bench.client.call("app.start", second);
    await bench.client.call("app.await", { ...second, timeout: 15 });
    await bench.client.call("app.cutover", second);
    const begun = performance.now();
    const retired = bench.client.call("app.retire", { app: "blog", release: 1, drain: 60, warm: 0 });
    assert.equal(await under, "answered");
    await retired;
    await eventually(async () => (await instances()).length === 1, "the first has gone");
    assert.ok(performance.now() - begun < 30_000, "it stayed for its whole grace");
    assert.equal(await get(await address()), "answered");
  });

  it("goes on dialing the app when that swaps its socket for a link to another's, and finds one that is made anew", async () => {
    bench.env["HOP3_DATA_DIR"] = bench.layout.appData("blog");
    const { child, died } = await start();
    await deploy(swapping);
    const before = await ready();
    const path = (before.address ?? "").slice("unix/".length);
    assert.equal(await get(path), "first");
    const ask = async (what: string): Promise<void> => {
      writeFileSync(join(bench.layout.appData("blog"), "do"), what);
      await eventually(() => logText(bench, "blog").includes(`did ${what}`), what);
    };
    await ask("link");
    await wallClock.sleep(300); // looked at meanwhile
    assert.equal(await get(path), "first");
    child.kill("SIGKILL");
    await died;
    assert.equal(await get(path), "first");
    await start();
    assert.equal((await ready()).pid, before.pid);
    await ask("again");
    await eventually(async () => (await get(path)) === "again", "the new one is dialed");
    assert.equal((await ready()).pid, before.pid);
    await bench.client.call("app.stop", { app: "blog" });
    assert.deepEqual(names(bench.layout.doors), []);
  });

  for (const point of ["cgroup-made", "before-spawn", "after-spawn"]) {
    it(`killed at ${point}, leaves nothing that the next one does not know`, async () => {
      const { died } = await start(point);
      bench.release("blog", 1, { web: { command: serving } });
      await bench.client.call("app.start", { app: "blog", release: 1 }).catch(() => undefined);
      await died;
      await start();
      await eventually(async () => (await instances())[0]?.state !== "starting", "it has settled");
      // A release that is not live gets no second try.
      const runs = names(join(bench.layout.supervisor, "instances")).flatMap((id) =>
        names(join(bench.layout.supervisor, "instances", id)),
      );
      await eventually(() => leaves().every((name) => runs.includes(name)), "no cgroup is too many");
      await bench.client.call("app.retire", { app: "blog", release: 1, drain: 0, warm: 0 });
      await eventually(() => leaves().length === 0 && members().length === 0, "nothing runs");
    });
  }

  it("ends at its start what is in a cgroup that no run's directory stands for", async () => {
    const { child, died } = await start();
    child.kill("SIGKILL");
    await died;
    const stray = makeCgroup(bench.tree, ["apps", String(app), "0stray000-00000000"]);
    const left = spawn("/bin/sh", ["-c", 'for f; do echo $$ >"$f"; done; exec sleep 1000', "sh", ...stray.joins], {
      stdio: "ignore",
    });
    bench.children.push(left);
    const pid = left.pid ?? assert.fail();
    await eventually(() => stray.members().includes(pid), "it is there");
    await start();
    assert.deepEqual(leaves(), []);
    const stat = readProcStat(pid);
    assert.ok(stat === undefined || !isAlive(stat));
  });

  it("runs a service as its own user with what it may and no more, in a cgroup of its own, and takes it over", async () => {
    const user = { uid: 65_532, gid: 65_532, groups: [65_531], lowPorts: true } as const;
    const line = "id -u; id -G; grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status; exec sleep 1000";
    const caddy = { name: "caddy", argv: ["/bin/sh", "-c", line], env: { PATH: "/usr/bin:/bin" }, user } as const;
    const { child, died } = await start("never", [caddy]);
    const service = async () => (await bench.client.call("status", {})).services[0];
    await eventually(async () => (await service())?.state === "ready", "it is ready");
    const before = (await service())?.pid;
    const logs = join(bench.layout.logs, "caddy");
    const said = (): string =>
      names(logs)
        .map((run) => names(join(logs, run)).map((part) => readFileSync(join(logs, run, part), "utf8")))
        .join();
    await eventually(() => said().includes("NoNewPrivs"), "it has told");
    const told = said().replaceAll(/^,?\S+ out /gm, "");
    assert.match(told, /^65532\n65532 65531\nCapEff:\s+0+400\nCapBnd:\s+0+400\nNoNewPrivs:\s+1$/m);
    const leaf = listCgroups(bench.tree, ["services"]);
    assert.equal(leaf.length, 1);
    assert.deepEqual(makeCgroup(bench.tree, ["services"]).members(), [before]);
    child.kill("SIGKILL");
    await died;
    await start("never", [caddy]);
    assert.deepEqual([(await service())?.pid, listCgroups(bench.tree, ["services"])], [before, leaf]);
  });

  it("ends with a service what has left its session and dropped its environment", async () => {
    const user = { uid: 65_532, gid: 65_532, groups: [] };
    const line = "env -i /usr/bin/setsid /bin/sh -c 'sleep 1000 &'; exec sleep 1000";
    const caddy = { name: "caddy", argv: ["/bin/sh", "-c", line], env: { PATH: "/usr/bin:/bin" }, user } as const;
    await start("never", [caddy]);
    const inside = (): number[] => makeCgroup(bench.tree, ["services"]).members();
    const names = (): string => inside().map(commandOf).join();
    await eventually(() => names() === "sleep,sleep", "both run, and whatever began them has ended");
    const before = inside();
    await bench.client.call("service.restart", { service: "caddy" });
    await eventually(() => inside().some((pid) => !before.includes(pid)), "a new one runs");
    assert.deepEqual(
      inside().filter((pid) => before.includes(pid)),
      [],
    );
  });
});

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "latin1").trim();
  } catch {
    return "";
  }
}

describe("a supervisor of user mode", () => {
  it("refuses a service that wants a user of its own", async () => {
    const bench = makeBench();
    const user = { uid: 1, gid: 1, groups: [] };
    const caddy = { name: "caddy", argv: ["/bin/true"], env: {}, user } as const;
    await assert.rejects(bench.start({ services: [caddy] }), /caddy has a user in this mode/);
    assert.deepEqual(benchProcesses(bench.layout.root), []);
    await bench.clean();
  });
});

const serving = `exec node -e "
  const fs = require('fs');
  const can = (work) => { try { work(); return 'done' } catch { return 'refused' } };
  require('http').createServer((q, r) => r.end(JSON.stringify({
    uid: process.getuid(), gid: process.getgid(), groups: process.getgroups(),
    tree: can(() => fs.writeFileSync('new', '')), hosts: fs.existsSync('/root') || fs.existsSync('/home'),
    files: /open files +(\\\\d+)/.exec(fs.readFileSync('/proc/self/limits', 'latin1'))[1],
  }))).listen(process.env.HOP3_SOCKET)"`;

/** Answers after two seconds. */
const slow = `exec node -e "
  require('http').createServer((q, r) => {
    console.log('asked');
    setTimeout(() => r.end('answered'), 2000);
  }).listen(process.env.HOP3_SOCKET)"`;

/** Swaps its socket for a link to the supervisor's when it is told to, and makes it anew. */
const swapping = `exec node -e "
  const fs = require('fs'), socket = process.env.HOP3_SOCKET, file = process.env.HOP3_DATA_DIR + '/do';
  const serve = (name) => require('http').createServer((q, r) => r.end(name)).listen(socket);
  serve('first');
  setInterval(() => {
    if (!fs.existsSync(file)) return;
    const what = fs.readFileSync(file, 'utf8');
    fs.rmSync(file);
    fs.rmSync(socket, { force: true });
    if (what === 'link') fs.symlinkSync(socket + '/../../../supervisor.sock', socket);
    else serve(what);
    console.log('did ' + what);
  }, 20)"`;

const hog = "const all = []; setInterval(() => all.push(Buffer.alloc(8e6, 1)), 5)";

function get(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: "/", agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.once("end", () => resolve(text));
    })
      .once("error", reject)
      .end();
  });
}
