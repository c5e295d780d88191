/**
 * An app that attacks: each attempt is a program that ends with 0 when it got what it wanted. It succeeds where there are
 * no walls, as root, which shows that it is one; inside it must fail. Loopback: loopback.test.ts. Cgroups: ../cgroup/.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { wallArgv, type WallSpec } from "./argv.ts";
import { readHostView } from "./host-view.ts";
import { closeInherited } from "./inherited.ts";
import { seccompFilter } from "./seccomp.ts";
import { withoutWalls } from "./testing.ts";

const uid = 70_001;
const victimUid = 70_002;
const apps = 65_530;
const mebi = 1024 * 1024;
const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };

type Attempt = {
  readonly what: string;
  readonly python?: string;
  readonly shell?: string;
};

const attempts: readonly Attempt[] = [
  { what: "read another app's data, which its modes leave open", shell: 'cat "$ROOT/blog/secret"' },
  { what: "list another app's directory", shell: 'ls "$ROOT/blog"' },
  { what: "read another app's environment", shell: 'grep -z KEY "/proc/$VICTIM/environ"' },
  { what: "see another app's process", shell: 'test -d "/proc/$VICTIM"' },
  { what: "see any process of the host", shell: "test $(ls -d /proc/[0-9]* | wc -l) -gt 10" },
  { what: "signal another app's process", python: `import os; os.kill(int(os.environ["VICTIM"]), 0)` },
  {
    what: "trace another app's process",
    python: `
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
assert libc.ptrace(16, int(os.environ["VICTIM"]), 0, 0) == 0
libc.ptrace(17, int(os.environ["VICTIM"]), 0, 0)`,
  },
  {
    what: "read another app's memory by its file",
    shell: 'head -c1 "/proc/$VICTIM/mem" 2>&1 | grep -v denied | grep -q output',
  },
  { what: "write to its own release", shell: 'echo x >>"$ROOT/shop/tree/app.js"' },
  { what: "add to its own release", shell: 'touch "$ROOT/shop/tree/new" && rm "$ROOT/shop/tree/new"' },
  {
    what: "make its own release writable",
    shell: 'mount -o remount,bind,rw "$ROOT/shop/tree" || chmod u+w "$ROOT/shop/tree/app.js"',
  },
  {
    what: "link a file of its release into its data",
    shell: 'ln "$ROOT/shop/tree/app.js" "$ROOT/shop/data/linked" && rm "$ROOT/shop/data/linked"',
  },
  { what: "read the keys of the platform", shell: 'cat "$ROOT/master.key"' },
  {
    what: "reach the supervisor's socket",
    python: `import os, socket; socket.socket(socket.AF_UNIX).connect(os.environ["ROOT"] + "/run/supervisor.sock")`,
  },
  { what: "read the host's users", shell: "grep -q '^daemon:' /etc/passwd" },
  { what: "see the host's services", shell: "ls /etc/systemd || ls /etc/cron.d || ls /var/log" },
  { what: "see a home", shell: "ls -d /root" },
  { what: "see a disk of the host", shell: "ls /dev/* | grep -E '/dev/(sd|vd|nvme|xvd|loop|kmsg|mem)'" },
  { what: "make a device", shell: 'mknod "$ROOT/shop/data/null" c 1 3 && rm "$ROOT/shop/data/null"' },
  { what: "see the cgroups", shell: "ls /sys/fs/cgroup" },
  {
    what: "change a setting of the kernel",
    shell: "cat /proc/sys/kernel/core_pattern | tee /proc/sys/kernel/core_pattern",
  },
  { what: "see what another app has in /tmp", shell: 'ls "$ANOTHER"' },
  { what: "mount something", shell: 'mount -t tmpfs none "$ROOT/shop/data" && umount "$ROOT/shop/data"' },
  { what: "get a user namespace", shell: "unshare --user true" },
  { what: "get a user namespace by clone", python: clone("0x10000000 | 17") },
  { what: "get a mount namespace", shell: "unshare --mount true" },
  { what: "use the keyring", python: call("[250, 219]", "0, -3, 1") },
  {
    what: "use BPF",
    python: call(
      "[321, 280]",
      "0, ctypes.byref(ctypes.create_string_buffer(b'\\x02\\0\\0\\0\\x04\\0\\0\\0\\x04\\0\\0\\0\\x01' + bytes(60))), 72",
    ),
  },
  { what: "use io_uring", python: call("[425, 425]", "1, ctypes.byref(ctypes.create_string_buffer(120))") },
  { what: "send raw packets", python: "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)" },
  {
    what: "ask the kernel for all sockets of the host",
    python: "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)",
  },
  { what: "speak to the hypervisor", python: "import socket; socket.socket(40, socket.SOCK_STREAM)" },
  {
    what: "type into a terminal",
    python: `
import fcntl, os, pty
pid, fd = pty.fork()
if pid == 0:
  try: fcntl.ioctl(0, 0x5412, b"x")
  except OSError: os._exit(1)
  os._exit(0)
os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`,
  },
  { what: "become root by a setuid program", shell: 'test "$("$ROOT/shop/tree/become" -u)" = 0' },
  { what: "become another user", python: `import os; os.setuid(${victimUid})` },
  { what: "bind a port of the system's", python: `import socket; socket.socket().bind(("127.0.0.1", 1))` },
  { what: "have a capability left", shell: "grep -E '^Cap' /proc/self/status | grep -v 0000000000000000" },
  { what: "fill more of /tmp than it may", shell: 'head -c 20000000 /dev/zero >"/tmp/$$-full" && rm "/tmp/$$-full"' },
  {
    what: "fill more of the shared memory than it may",
    shell: 'head -c 20000000 /dev/zero >"/dev/shm/$$-full" && rm "/dev/shm/$$-full"',
  },
  { what: "open more files than it may", python: `[open("/dev/null") for _ in range(300)]` },
];

/** A system call by its number, the first on x86-64, the second on arm64. */
function call(numbers: string, args: string): string {
  return `
import ctypes, platform
libc = ctypes.CDLL(None, use_errno=True)
assert libc.syscall(${numbers}[platform.machine() == "aarch64"], ${args}) >= 0, ctypes.get_errno()`;
}

function clone(flags: string): string {
  return `
import ctypes, os, platform
libc = ctypes.CDLL(None, use_errno=True)
pid = libc.syscall([56, 220][platform.machine() == "aarch64"], ${flags}, 0, 0, 0, 0)
if pid == 0: os._exit(0)
assert pid > 0, ctypes.get_errno()
os.waitpid(pid, 0)`;
}

describe("an app that attacks", { skip: withoutWalls() }, () => {
  let root: string;
  let another: string;
  let spec: WallSpec;
  let victim: ChildProcess;
  const host = readHostView();

  before(() => {
    root = mkdtempSync(join(tmpdir(), "hop3-attack-"));
    another = mkdtempSync(join(tmpdir(), "hop3-another-"));
    // As careless as can be: the walls have to hold alone.
    chmodSync(root, 0o755);
    for (const name of ["shop", "shop/tree", "shop/data", "blog", "names", "run"]) mkdirSync(join(root, name));
    for (const name of ["blog/secret", "master.key", "shop/tree/app.js"]) writeFileSync(join(root, name), "secret\n");
    copyFileSync("/usr/bin/id", join(root, "shop/tree/become"));
    chmodSync(join(root, "shop/tree/become"), 0o4755);
    for (const name of ["shop/data", "shop/tree", "shop/tree/app.js"]) chownSync(join(root, name), uid, uid);
    for (const name of ["passwd", "group"])
      writeFileSync(join(root, "names", name), `hop3-${uid}:x:${uid}:${uid}::/:/bin/sh\n`);
    writeFileSync(join(root, "filter"), seccompFilter(process.arch) ?? assert.fail("no filter for this processor"));
    spec = {
      uid,
      apps,
      cgroups: [],
      openFiles: 256,
      filter: join(root, "filter"),
      names: join(root, "names"),
      readable: [join(root, "shop/tree")],
      writable: [join(root, "shop/data")],
      sockets: [],
      temporary: { bytes: 16 * mebi },
      sharedMemory: 16 * mebi,
      network: true,
      cwd: join(root, "shop/tree"),
    };
    const server = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); os.chmod(sys.argv[1], 0o777)
os.setuid(${victimUid}); print("up", flush=True)
while True: s.accept()`;
    victim = spawn("/usr/bin/python3", ["-c", server, join(root, "run/supervisor.sock")], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...env, KEY: "victim" },
    });
    return new Promise<void>((resolve) => victim.stdout?.once("data", () => resolve()));
  });
  after(() => {
    victim.kill("SIGKILL");
    rmSync(root, { recursive: true });
    rmSync(another, { recursive: true });
  });

  const run = (before: readonly string[], { python, shell }: Attempt): { status: number | null; text: string } => {
    const command = python === undefined ? ["/bin/sh", "-c", shell ?? ""] : ["/usr/bin/python3", "-c", python];
    const [file = "", ...args] = [...before, ...command];
    const variables = { ...env, ROOT: root, ANOTHER: another, VICTIM: String(victim.pid) };
    const done = spawnSync(file, args, { env: variables, cwd: "/", encoding: "utf8", timeout: 20_000 });
    return { status: done.status, text: done.stdout + done.stderr };
  };

  for (const attempt of attempts) {
    it(`does not ${attempt.what}`, () => {
      const inside = run(wallArgv(spec, host), attempt);
      assert.ok(inside.status !== 0 && inside.status !== null, `it did: ${inside.text}`);
      assert.doesNotMatch(inside.text, /bwrap:|setpriv:/, "the walls themselves could not be built");
      const outside = run([], attempt);
      assert.equal(outside.status, 0, `it proves nothing, for it fails without walls: ${outside.text}`);
    });
  }

  it("finds no descriptor that somebody left open", () => {
    closeInherited();
    const listing = `import os; print(sorted(map(int, os.listdir("/proc/self/fd"))))`;
    // The fourth is the listing's own.
    assert.equal(run(wallArgv(spec, host), { what: "", python: listing }).text, "[0, 1, 2, 3]\n");
  });

  it("does nothing of it with an empty network, where not even the loopback of the host is", () => {
    const found = run(wallArgv({ ...spec, network: false }, host), { what: "", shell: "cat /proc/net/dev" });
    assert.deepEqual(
      found.text.match(/^\s*\w+(?=:)/gm)?.map((name) => name.trim()),
      ["lo"],
    );
  });

  it("is an ordinary program for all that it needs", () => {
    const needs = `
import multiprocessing, os, pwd, socket, ssl, subprocess, tempfile, threading
assert pwd.getpwuid(os.getuid()).pw_name == "hop3-${uid}"
assert os.umask(0) == 0o022
assert os.getgroups() == [${apps}] and os.getgid() == ${uid}
open(os.environ["ROOT"] + "/shop/data/kept", "w").write("x")
tempfile.NamedTemporaryFile().write(b"x")
multiprocessing.Lock()
threading.Thread(target=lambda: None).start()
subprocess.run(["/bin/true"], check=True)
assert ssl.create_default_context().get_ca_certs()
assert socket.getaddrinfo("localhost", 80)
s = socket.socket(socket.AF_UNIX); s.bind(os.environ["ROOT"] + "/shop/data/s.sock"); s.listen()
socket.if_nameindex()
for name in ("null", "zero", "full", "random", "urandom"): os.open("/dev/" + name, os.O_RDONLY)
import signal
assert all(signal.getsignal(one) == signal.SIG_DFL for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1))`;
    const found = run(wallArgv(spec, host), { what: "", python: needs });
    assert.equal(found.status, 0, found.text);
  });
});
