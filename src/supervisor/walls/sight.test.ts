/** In a network of its own: the host's is not touched. */
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { wallClock } from "../clock.ts";
import { wallArgv } from "./argv.ts";
import { readHostView } from "./host-view.ts";
import { seccompFilter } from "./seccomp.ts";
import { sightGuard } from "./sight-guard.ts";
import { closeSight, isSightClosed } from "./sight.ts";
import { withoutRoot, withoutWalls } from "./testing.ts";

const [uid, apps] = [70_001, 65_530];
/** What tells of sockets on every kernel. */
const closed = ["tcp", "tcp6", "udp", "udp6", "unix", "netlink", "raw"];

describe("what the kernel tells of a network", { skip: withoutWalls() }, () => {
  let holder: ChildProcess;
  let net: string;
  let root: string;
  let enter: readonly string[];
  before(async () => {
    root = mkdtempSync(join(tmpdir(), "hop3-sight-"));
    chmodSync(root, 0o755);
    mkdirSync(join(root, "names"));
    for (const name of ["passwd", "group"])
      writeFileSync(join(root, "names", name), `app:x:${uid}:${uid}::/:/bin/sh\n`);
    writeFileSync(join(root, "filter"), seccompFilter(process.arch) ?? "");
    const listen = `import socket; s = socket.socket(socket.AF_UNIX); s.bind("\\0of-another"); s.listen()
t = socket.create_server(("127.0.0.1", 7777)); print("up", flush=True); t.accept()`;
    holder = spawn("/usr/bin/unshare", ["--net", "/bin/sh", "-c", 'ip link set lo up; exec python3 -c "$0"', listen], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise<void>((resolve) => holder.stdout?.once("data", () => resolve()));
    net = `/proc/${holder.pid}/net`;
    enter = ["/usr/bin/nsenter", `--net=/proc/${holder.pid}/ns/net`];
  });
  after(() => {
    holder.kill("SIGKILL");
    rmSync(root, { recursive: true });
  });

  const run = (argv: readonly string[]) => {
    const [file = "", ...args] = argv;
    return spawnSync(file, args, { encoding: "utf8", cwd: "/", env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } });
  };
  /** What a user of the host may read of it. */
  const readable = (groups: string): string[] => {
    const user = ["/usr/bin/setpriv", `--reuid=${uid}`, `--regid=${uid}`, groups];
    return closed.filter((name) => run([...user, "/bin/cat", `${net}/${name}`]).status === 0);
  };
  const inWalls = (...command: readonly string[]) =>
    run([
      ...enter,
      ...wallArgv(
        {
          uid,
          apps,
          cgroups: [],
          openFiles: 256,
          filter: join(root, "filter"),
          names: join(root, "names"),
          readable: [dirname(process.execPath)],
          writable: [],
          sockets: [],
          temporary: { bytes: 1 << 20 },
          sharedMemory: 1 << 20,
          network: true,
          cwd: "/",
        },
        readHostView(),
      ),
      ...command,
    ]);

  it("is closed to who is in the apps' group, and to nobody else", () => {
    assert.equal(isSightClosed(apps, net), false);
    assert.deepEqual(readable(`--groups=${apps}`), closed);
    assert.deepEqual(closeSight(apps, net).open, []);
    assert.equal(isSightClosed(apps, net), true);
    assert.deepEqual(readable(`--groups=${apps}`), []);
    assert.deepEqual(readable("--clear-groups"), closed);
    assert.deepEqual(closeSight(apps, net), { open: [], closed: 0 });
  });

  it("is closed behind the walls, whichever way is taken there", () => {
    closeSight(apps, net);
    for (const path of ["net", "self/net", "thread-self/net", "1/net"]) {
      for (const name of ["tcp", "unix"]) {
        const { stdout, stderr } = inWalls("/bin/cat", `/proc/${path}/${name}`);
        assert.deepEqual([stdout, /Permission denied/.test(stderr)], ["", true], `${path}/${name}: ${stderr}`);
      }
    }
    assert.match(run([...enter, "/bin/cat", "/proc/net/unix"]).stdout, /of-another/);
  });

  it("goes on telling an ordinary program of addresses, routes and counters", () => {
    closeSight(apps, net);
    const files = ["dev", "route", "if_inet6", "ipv6_route", "snmp", "netstat", "sockstat", "arp"];
    const needs = `
import ctypes, socket
for name in ${JSON.stringify(files)}: open("/proc/net/" + name).read()
assert "lo" in open("/proc/net/dev").read()
assert socket.if_nameindex() == [(1, "lo")]
found = ctypes.c_void_p()
assert ctypes.CDLL(None).getifaddrs(ctypes.byref(found)) == 0 and found.value`;
    const asked = inWalls("/usr/bin/python3", "-c", needs);
    assert.equal(asked.status, 0, asked.stderr);
    const names = inWalls(process.execPath, "-p", "Object.keys(os.networkInterfaces()).join()");
    assert.equal(names.stdout, "lo\n", names.stderr);
  });

  it("is closed again where somebody has opened it, which is said", async () => {
    const said: string[] = [];
    const clock = { ...wallClock, sleep: (_: number, signal?: AbortSignal) => wallClock.sleep(10, signal) };
    const guard = sightGuard({ gid: apps, clock, log: (message) => void said.push(message), directory: net });
    assert.deepEqual([guard.open, said], [[], []]);
    const stop = new AbortController();
    const watching = guard.watch(stop.signal);
    chownSync(join(net, "tcp"), 0, 0);
    chmodSync(join(net, "tcp"), 0o444);
    const deadline = Date.now() + 20_000;
    while (said.length === 0) {
      assert.ok(Date.now() < deadline, "it stayed open");
      await wallClock.sleep(10);
    }
    stop.abort();
    await watching;
    assert.match(said[0] ?? "", /are closed again/);
    assert.deepEqual(readable(`--groups=${apps}`), []);
  });

  it("is told as open where it cannot be changed", () => {
    // Nobody changes the mode of a process's directory.
    assert.ok(closeSight(apps, "/proc/self/task").open.includes(String(process.pid)));
    const said: string[] = [];
    const log = (message: string) => void said.push(message);
    const guard = sightGuard({ gid: apps, clock: wallClock, log, directory: "/nowhere" });
    assert.deepEqual([guard.open, said.length], [["/nowhere"], 1]);
  });
});

describe("closing what a network tells", { skip: withoutRoot() }, () => {
  it("opens nothing that was closed to all, and takes nothing from its owner and from others", () => {
    const root = mkdtempSync(join(tmpdir(), "hop3-sight-"));
    try {
      for (const [name, mode] of Object.entries({ tcp: 0o444, nf_conntrack: 0o440, list: 0o644, route: 0o444 }))
        writeFileSync(join(root, name), "", { mode });
      mkdirSync(join(root, "sctp"));
      for (const gid of [0, 100]) {
        chownSync(join(root, "tcp"), 0, gid);
        assert.deepEqual(closeSight(apps, root).open, []);
        const found = readdirSync(root).map((name) => {
          const facts = statSync(join(root, name));
          return `${name} ${facts.gid} ${(facts.mode & 0o777).toString(8)}`;
        });
        assert.deepEqual(found.toSorted(), [
          `list ${apps} 604`,
          "nf_conntrack 0 440",
          "route 0 444",
          `sctp ${apps} 705`,
          `tcp ${apps} 404`,
        ]);
      }
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
