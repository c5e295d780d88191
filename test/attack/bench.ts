/** An app that attacks (attacker.py), from each of its stages, beside one that is attacked, on a host that has more to lose. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { slotFile } from "#core/slots.ts";
import { eventually, logText, serverCommand, testOptions } from "#supervisor/bench.ts";
import { makeCgroup } from "#supervisor/cgroup/cgroup.ts";
import { joinSession } from "#supervisor/testing-session.ts";
import { makeWalledBench, type WalledBench } from "#supervisor/testing-walled.ts";
import { attackedArgv, ceiling } from "./serve.ts";

/** What of an app runs its code. */
export const stages = ["web", "worker", "build", "release", "cron", "command", "terminal", "health"] as const;
export type Stage = (typeof stages)[number];

export type Try = { readonly what: string; readonly succeeded: boolean; readonly how: string };
/** By the attempt's name. */
export type Tries = ReadonlyMap<string, Try>;

export type AttackBench = WalledBench & {
  /** Walls that this host lacks, as the supervisor names them. */
  readonly missing: readonly { readonly wall: string; readonly message: string }[];
  attackFrom(stage: Stage | "outside"): Promise<Tries>;
};

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const python = "/usr/bin/python3";
const ports = { tcp: 41_001, any: 41_002, tcp6: 41_003, udp: 41_004, udpAny: 41_005, udp6: 41_006 };
const sharedMemory = 0x48_4f_50;
/** Seconds that all attempts of a stage may take. */
const patience = 300;

export async function makeAttackBench(): Promise<AttackBench> {
  // Not below /tmp, which the walls have of their own: there what is made is free, and below it, too.
  const bench = await makeWalledBench("/run");
  const { layout, client } = bench;
  const [enter = "", ...into] = bench.inNetwork;
  const left = leftOpen(bench);
  const child = spawn(enter, [...into, process.execPath, ...attackedArgv(layout)], {
    stdio: ["ignore", "pipe", "inherit", left],
  });
  closeSync(left);
  bench.children.push(child);
  const [told] = (await Promise.race([once(child.stdout ?? assert.fail(), "data"), once(child, "exit")])) as [
    Buffer | number,
  ];
  assert.ok(Buffer.isBuffer(told), "the supervisor did not start");
  await startHost(bench);
  for (const path of [layout.database, layout.masterKey]) writeFileSync(path, "secret");
  for (const build of [1, 2]) equip(layout.buildTree("blog", build));
  equip(layout.buildTree("shop", 1));
  const targets = await startVictim(bench, child.pid ?? 0);
  const results = Object.fromEntries(
    [...stages, "outside"].map((stage) => [
      stage,
      join(stage === "outside" ? outside(bench) : layout.appHome("blog"), `from-${stage}`),
    ]),
  );
  const TARGETS = JSON.stringify({ ...targets, results });
  Object.assign(bench.env, { TARGETS, HOME: layout.appHome("blog"), SECRET: "of-the-attacker" });
  return {
    ...bench,
    missing: JSON.parse(told.toString()) as AttackBench["missing"],
    async attackFrom(stage) {
      const tree = layout.buildTree("blog", stage === "build" ? 2 : 1);
      await attackers[stage](bench, `${python} ${tree}/attacker.py ${stage}`);
      const path = results[stage] ?? "";
      await eventually(() => existsSync(path), `the attacks from ${stage} are over`, patience * 1000);
      const lines = readFileSync(path, "utf8").trim().split("\n");
      if (stage !== "outside") await client.call("app.stop", { app: "blog" }).catch(() => undefined);
      return new Map(
        lines.map((line) => {
          const [name = "", verdict, how = "", what = ""] = line.split("\t");
          assert.notEqual(verdict, "broken", `${name} from ${stage}: ${how}`);
          const came = existsSync(join(layout.appData("shop"), `udp-${stage}-${name.replaceAll("-", "_")}`));
          const succeeded = how === "sent" ? came : verdict === "succeeded";
          return [name, { what, succeeded, how: how === "sent" && !came ? "it does not come" : how }];
        }),
      );
    },
  };
}

function outside(bench: WalledBench): string {
  return dirname(bench.layout.root);
}

/** A descriptor too many, as a careless starter leaves one to whom it starts. */
function leftOpen(bench: WalledBench): number {
  const path = join(outside(bench), "left-open");
  writeFileSync(path, "of the starter");
  return openSync(path, "r");
}

/** Gives a tree what an attacker would like to find in one. */
function equip(tree: string): void {
  copyFileSync(here("attacker.py"), join(tree, "attacker.py"));
  copyFileSync(here("victim.py"), join(tree, "victim.py"));
  writeFileSync(join(tree, "file"), "of the release");
  copyFileSync("/usr/bin/id", join(tree, "become"));
  chmodSync(join(tree, "become"), 0o4755);
  copyFileSync("/usr/bin/cat", join(tree, "grouped"));
  chmodSync(join(tree, "grouped"), 0o2755);
  copyFileSync("/usr/bin/cat", join(tree, "capable"));
  chmodSync(join(tree, "capable"), 0o755);
  // cap_setuid, permitted and effective, as setcap writes it.
  const capability =
    "os.setxattr(sys.argv[1], 'security.capability', bytes.fromhex('0100000280000000000000000000000000000000'))";
  assert.equal(spawnSync(python, ["-c", `import os, sys; ${capability}`, join(tree, "capable")]).status, 0);
}

/** What else a host has: an API, a database, a cloud's metadata, sockets of services. */
async function startHost(bench: WalledBench): Promise<void> {
  const [enter = "", ...into] = bench.inNetwork;
  const address = ["/usr/sbin/ip", "address", "add", "169.254.169.254/32", "dev", "lo"];
  assert.equal(spawnSync(enter, [...into, ...address]).status, 0);
  const { caddyAdminSocket, fenceSocket } = bench.layout;
  const sockets = [caddyAdminSocket, fenceSocket, databaseSocket(bench)];
  const host = spawn(enter, [...into, python, here("host.py"), String(sharedMemory), ...sockets], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  bench.children.push(host);
  await once(host.stdout, "data");
  writeFileSync(join(outside(bench), "secret"), "of the host");
}

function databaseSocket(bench: WalledBench): string {
  return join(outside(bench), "postgres.sock");
}

/** Starts the app that is attacked, and answers with all that its attacker would have to guess. */
async function startVictim(bench: WalledBench, supervisor: number): Promise<object> {
  const { layout, client, tree } = bench;
  const list = Object.entries(ports).map(([name, port]) => `${name}=${port}`);
  Object.assign(bench.env, { SECRET: "victim-secret", HOP3_DATA_DIR: layout.appData("shop") });
  bench.release("shop", 1, { web: { command: `exec ${python} victim.py ${list.join(",")}` } });
  const shop = { app: "shop", release: 1 };
  await client.call("app.start", shop);
  await client.call("app.await", { ...shop, timeout: 15 });
  await client.call("app.cutover", shop);
  await eventually(() => existsSync(join(layout.appData("shop"), "port")), "the victim serves");
  const instance =
    (await client.call("status", {})).apps.find(({ app }) => app === "shop")?.instances[0] ?? assert.fail();
  const uid = 70_001;
  const own = makeCgroup(tree, ["apps", String(uid - 1)]).joins.map((path) => dirname(path));
  const limits = own.flatMap((path) => ["memory.limit_in_bytes", "memory.max"].map((name) => join(path, name)));
  const runs = join(layout.supervisor, "instances", instance.id);
  const run = join(runs, readdirSync(runs)[0] ?? "");
  const logs = join(layout.appLogs("shop"), "web.1");
  const socket = `${layout.instanceSockets}/${instance.id}/s.sock`;
  const pid = makeCgroup(tree, ["apps", String(uid)])
    .members()
    .find((one) => readFileSync(`/proc/${one}/comm`, "latin1").startsWith("python"));
  assert.ok(pid !== undefined, "the victim has ended");
  return {
    pid,
    uid,
    supervisor,
    shm: sharedMemory,
    tree: layout.buildTree("blog", 1),
    apps: layout.apps,
    run: layout.run,
    status: join(run, "status"),
    fifo: join(run, "out"),
    cgroup: own[0],
    cgroupLimit: limits.find((path) => existsSync(path)) ?? own[0],
    own: {
      data: layout.appData("blog"),
      logs: layout.appLogs("blog"),
      buildLog: layout.buildLog("blog", 1),
      releases: dirname(layout.release("blog", 1)),
    },
    files: {
      data: join(layout.appData("shop"), "secret"),
      release: join(layout.buildTree("shop", 1), "file"),
      log: join(logs, readdirSync(logs)[0] ?? "", "1"),
      record: layout.releaseRecord("shop", 1),
      database: layout.database,
      key: layout.masterKey,
      state: layout.desiredState,
      launcher: join(layout.supervisor, "launcher.sh"),
      slot: slotFile(layout.slots("shop"), 0),
      tmp: join(outside(bench), "secret"),
    },
    ports: {
      ...ports,
      given: testOptions(layout).limits?.ports?.last,
      own: Number(readFileSync(join(layout.appData("shop"), "port"), "utf8")),
    },
    sockets: {
      supervisor: layout.supervisorSocket,
      caddy: layout.caddyAdminSocket,
      fence: layout.fenceSocket,
      victim: socket,
      door: join(layout.doors, instance.id),
      database: databaseSocket(bench),
    },
    most: { ...ceiling, temporary: 256 * 1024 * 1024 },
  };
}

type Attacker = (bench: WalledBench, command: string) => Promise<unknown>;

/** Has this stage's release be the live one, and answers with its number. */
async function live(bench: WalledBench, stage: Stage, ...[processes, more]: LiveOptions): Promise<number> {
  const release = 1 + stages.indexOf(stage);
  bench.release("blog", release, processes, more);
  await bench.client.call("app.start", { app: "blog", release });
  await bench.client.call("app.await", { app: "blog", release, timeout: 15 });
  await bench.client.call("app.cutover", { app: "blog", release });
  return release;
}
type LiveOptions = [Parameters<WalledBench["release"]>[2], Parameters<WalledBench["release"]>[3]?];

const instance =
  (type: "web" | "worker"): Attacker =>
  async (bench, command) => {
    bench.release("blog", 1, { [type]: { command, startTimeout: patience } });
    await bench.client.call("app.start", { app: "blog", release: 1 });
    const path = join(bench.layout.appHome("blog"), `from-${type}`);
    await eventually(() => existsSync(path), `the attacks from ${type}: ${logText(bench, "blog")}`, patience * 1000);
    await bench.client.call("app.retire", { app: "blog", release: 1, drain: 0, warm: 0 });
  };

const session =
  (stage: Stage, terminal: { readonly columns: number; readonly rows: number } | null): Attacker =>
  async (bench, command) => {
    const number = await live(bench, stage, {});
    const wish = { argv: ["/bin/sh", "-c", command], terminal, timeout: patience };
    const joined = await joinSession(bench, number, wish);
    assert.deepEqual(await joined.last, { type: "exit", code: 0 }, joined.said.stdout + joined.said.stderr);
  };

const attackers: Readonly<Record<Stage | "outside", Attacker>> = {
  web: instance("web"),
  worker: instance("worker"),
  build: async (bench, command) => {
    bench.build("blog", 2, [{ argv: ["/bin/sh", "-c", command], timeout: patience }]);
    await bench.client.call("build.step", { app: "blog", build: 2, step: 0 });
  },
  release: async (bench, command) => {
    bench.release("blog", 1, {}, { hooks: [{ name: "release", command, timeout: patience }] });
    await bench.client.call("release.hook", { app: "blog", release: 1, hook: 0 });
  },
  cron: async (bench, command) => {
    const job = { name: "attack", schedule: "0 0 1 1 *", timeZone: "UTC", overlap: "forbid" } as const;
    await live(bench, "cron", {}, { cron: [{ ...job, command, timeout: patience }] });
    const { run } = await bench.client.call("cron.start", { app: "blog", job: "attack" });
    await bench.client.call("cron.await", { app: "blog", job: "attack", run, timeout: patience });
  },
  command: session("command", null),
  terminal: session("terminal", { columns: 80, rows: 25 }),
  health: async (bench, command) => {
    const served = { web: { command: serverCommand("unix", "served") } };
    const release = await live(bench, "health", served, { probe: { command, timeout: patience } });
    const { apps } = await bench.client.call("status", {});
    const { id } = apps.find(({ app }) => app === "blog")?.instances[0] ?? assert.fail();
    await bench.client.call("app.probe", { app: "blog", release, instance: id });
  },
  outside: async (bench) => {
    const [enter = "", ...into] = bench.inNetwork;
    const home = join(outside(bench), "home");
    mkdirSync(home, { recursive: true });
    const left = leftOpen(bench);
    const child = spawn(enter, [...into, python, here("attacker.py"), "outside"], {
      env: { ...bench.env, HOME: home },
      cwd: "/",
      stdio: ["ignore", "ignore", "inherit", left],
    });
    closeSync(left);
    bench.children.push(child);
    await once(child, "exit");
  },
};
