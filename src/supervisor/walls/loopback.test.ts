/** The rules at work, in a network namespace of their own: the host's is not touched. */
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { makeCgroup, openTree, type Cgroup } from "../cgroup/cgroup.ts";
import { detectCgroups } from "../cgroup/detect.ts";
import { wallClock } from "../clock.ts";
import { loopbackRules, netCgroup, type LoopbackApp } from "./loopback.ts";
import { withoutCgroups } from "./testing.ts";

const range = { first: 70_000, last: 79_999 };
const all = { path: "hop3/apps", level: 2 };

describe("the rules as text", () => {
  it("hold every app's user, cgroup and granted ports, and replace what was loaded before in one step", () => {
    const cgroup = { path: "hop3/apps/70001", level: 3 };
    const text = loopbackRules(range, all, [{ uid: 70_001, cgroup, ports: [5432] }]);
    assert.match(text, /^add table inet hop3\ndelete table inet hop3\ntable inet hop3 \{/);
    assert.match(text, /elements = \{ 70001 : 70001 \}/);
    assert.match(text, /level 3; elements = \{ 70001 \. "hop3\/apps\/70001" \}/);
    assert.match(text, /elements = \{ 70001 \. 5432 \}/);
  });

  it("are well-formed without any app", () => assert.doesNotMatch(loopbackRules(range, all, []), /elements/));

  it("name cgroups below the usual place only", () => {
    assert.deepEqual(netCgroup("/sys/fs/cgroup/unified/hop3/apps/70001", "/sys/fs/cgroup/unified"), {
      path: "unified/hop3/apps/70001",
      level: 3,
    });
    assert.equal(netCgroup("/somewhere/cgroup/hop3", "/somewhere/cgroup"), undefined);
    assert.equal(netCgroup(undefined, "/sys/fs/cgroup"), undefined);
  });
});

describe("apps on one loopback", { skip: withoutCgroups("/usr/sbin/nft", "/usr/sbin/ip") }, () => {
  const tree = detectCgroups(`hop3-loopback-${process.pid}`);
  assert.ok(tree?.unified !== undefined, "this host has no cgroups of version 2");
  const found = tree;
  const children: ChildProcess[] = [];
  let namespace: string;
  let groups: ReadonlyMap<number, Cgroup>;
  const shop = 70_001;
  const blog = 70_002;
  const stray = 70_003;
  const hop3d = 65_534;

  /** Runs as `uid`, in its cgroup where it has one, in the namespace. */
  const argvOf = (uid: number, argv: readonly string[]): [string, string[]] => {
    const enter = 'while [ "$1" != -- ]; do echo $$ >"$1" || exit 125; shift; done; shift; exec "$@"';
    const user = ["/usr/bin/setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", ...argv];
    const net = ["/usr/bin/nsenter", `--net=${namespace}`, ...user];
    return ["/bin/sh", ["-c", enter, "sh", ...(groups.get(uid)?.joins ?? []), "--", ...net]];
  };
  const python = (uid: number, code: string, ...args: readonly string[]): string =>
    spawnSync(...argvOf(uid, ["/usr/bin/python3", "-c", code, ...args]), { encoding: "utf8" }).stdout.trim();
  const reaches = (uid: number, address: string, port: number): string =>
    python(uid, connecting, address, String(port));
  const listen = async (uid: number, kind: string, address: string, port: number): Promise<void> => {
    const argv = ["/usr/bin/python3", "-c", listening, kind, address, String(port)];
    const child = spawn(...argvOf(uid, argv), { stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    await new Promise((resolve, reject) => {
      child.stdout?.once("data", resolve);
      child.once("exit", () => reject(new Error(`${argv.join(" ")} has ended`)));
    });
  };
  const load = (apps: readonly LoopbackApp[]): void => {
    const apart = netCgroup(makeCgroup(found, ["apps"]).unified, found.top);
    assert.ok(apart !== undefined);
    const done = spawnSync("/usr/bin/nsenter", [`--net=${namespace}`, "/usr/sbin/nft", "-f", "-"], {
      input: loopbackRules(range, apart, apps),
      encoding: "utf8",
    });
    assert.equal(done.stderr, "");
  };
  const appOf = (uid: number, ports: readonly number[] = []): LoopbackApp => {
    const cgroup = netCgroup(groups.get(uid)?.unified, found.top);
    assert.ok(cgroup !== undefined);
    return { uid, cgroup, ports };
  };

  before(async () => {
    openTree(found, process.pid);
    const holder = spawn(
      "/usr/bin/unshare",
      ["--net", "/bin/sh", "-c", "ip link set lo up && echo up && exec sleep 1000"],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    children.push(holder);
    await new Promise((resolve) => holder.stdout.once("data", resolve));
    namespace = `/proc/${holder.pid}/ns/net`;
    groups = new Map([shop, blog].map((uid) => [uid, makeCgroup(found, ["apps", String(uid)])]));
    load([appOf(shop), appOf(blog)]);
    await listen(shop, "tcp", "127.0.0.1", 9001);
    await listen(blog, "tcp", "127.0.0.1", 9002);
    await listen(blog, "tcp", "::1", 9002);
    await listen(blog, "tcp", "0.0.0.0", 9003);
    await listen(blog, "udp", "127.0.0.1", 9004);
    await listen(hop3d, "tcp", "127.0.0.1", 8009);
    await listen(hop3d, "tcp", "127.0.0.1", 5432);
    await listen(0, "udp", "127.0.0.1", 53);
  });
  after(async () => {
    for (const child of children) child.kill("SIGKILL");
    const top = makeCgroup(found, []);
    await top.kill(wallClock);
    assert.equal(await top.remove(wallClock), true);
  });

  it("reach each its own ports, which nobody told us of", () => {
    assert.equal(reaches(shop, "127.0.0.1", 9001), "connected");
    assert.equal(reaches(blog, "::1", 9002), "connected");
    assert.equal(reaches(blog, "127.0.0.1", 9003), "connected");
    assert.equal(python(blog, sending, "9004"), "answered");
  });

  for (const [address, port, what] of [
    ["127.0.0.1", 9002, "another app"],
    ["::1", 9002, "another app by IPv6"],
    ["127.0.0.1", 9003, "another app that listens everywhere"],
    ["127.0.0.1", 8009, "the API"],
    ["127.0.0.1", 5432, "a database"],
  ] as const) {
    it(`do not reach ${what}, which whoever is no app does`, () => {
      assert.equal(reaches(shop, address, port), "refused");
      assert.equal(reaches(hop3d, address, port), "connected");
    });
  }

  it("do not reach another's UDP port; the resolver they do", () => {
    assert.match(python(shop, sending, "9004"), /^(refused|silence)$/);
    assert.equal(python(shop, sending, "53"), "answered");
    // Which packet of UDP begins something is not told without remembering all: an app answers to its own alone.
    assert.equal(python(hop3d, sending, "9004"), "silence");
  });

  it("that the rules do not know reach nothing", () => assert.equal(reaches(stray, "127.0.0.1", 9001), "refused"));

  it("do not take another's place by joining in its port", () => {
    // On the same port, by another address of the loopback: the user tells who sends, the listener's cgroup who is reached.
    assert.equal(reaches(shop, "127.0.0.2", 9003), "refused");
  });

  it("reach a port of the host that was granted, and no longer when it is taken back", () => {
    load([appOf(shop, [5432]), appOf(blog)]);
    assert.equal(reaches(shop, "127.0.0.1", 5432), "connected");
    assert.equal(reaches(blog, "127.0.0.1", 5432), "refused");
    load([appOf(shop), appOf(blog)]);
    assert.equal(reaches(shop, "127.0.0.1", 5432), "refused");
  });

  it("are not reached from outside, whatever address they listen on", async () => {
    const outside = spawn("/usr/bin/unshare", ["--net", "/bin/sleep", "1000"], { stdio: "ignore" });
    children.push(outside);
    const at = `/proc/${outside.pid}/ns/net`;
    const setup = `ip link add h0 type veth peer name e0 netns ${outside.pid} && ip addr add 10.9.0.1/24 dev h0 && ip link set h0 up`;
    const inNet = (net: string, line: string) =>
      spawnSync("/usr/bin/nsenter", [`--net=${net}`, "/bin/sh", "-ec", line], { encoding: "utf8" });
    let tries = 0;
    while (inNet(namespace, setup).status !== 0 && tries++ < 50) await wallClock.sleep(50);
    assert.equal(inNet(at, "ip addr add 10.9.0.2/24 dev e0; ip link set e0 up").stderr, "");
    await listen(hop3d, "tcp", "0.0.0.0", 9443);
    const from = (port: number): string =>
      spawnSync("/usr/bin/nsenter", [`--net=${at}`, "/usr/bin/python3", "-c", connecting, "10.9.0.1", String(port)], {
        encoding: "utf8",
      }).stdout.trim();
    let open = from(9443);
    while (open !== "connected" && tries++ < 60) open = from(9443);
    assert.equal(open, "connected");
    assert.equal(from(9003), "silence");
  });
});

const connecting = `
import socket, sys
try:
  socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)
  print("connected")
except ConnectionRefusedError: print("refused")
except TimeoutError: print("silence")
except OSError as error: print(error)`;

const sending = `
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
try:
  s.connect(("127.0.0.1", int(sys.argv[1])))
  s.send(b"x")
  s.recv(1)
  print("answered")
except TimeoutError: print("silence")
except OSError: print("refused")`;

const listening = `
import socket, sys
kind, address, port = sys.argv[1:]
s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
s.bind((address, int(port)))
if kind == "tcp": s.listen()
print("listens", flush=True)
while True:
  if kind == "tcp": s.accept()[0].close()
  else: s.sendto(b"y", s.recvfrom(10)[1])`;
