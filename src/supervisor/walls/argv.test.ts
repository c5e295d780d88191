import assert from "node:assert/strict";
import { it } from "node:test";
import { wallArgv, type WallSpec } from "./argv.ts";
import type { HostView } from "./host-view.ts";
import { landlockArgv } from "./landlock.ts";
import { bpfCall } from "./port-range.ts";

const host: HostView = {
  bwrap: "/usr/bin/bwrap",
  links: [["usr/bin", "/bin"]],
  directories: ["/lib64"],
  etc: ["/etc/hosts", "/etc/ssl"],
  resolver: ["/run/systemd/resolve"],
};
const spec: WallSpec = {
  uid: 70_001,
  apps: 988,
  cgroups: ["/sys/fs/cgroup/hop3/apps/70001/web.1/cgroup.procs"],
  openFiles: 4096,
  filter: "/var/lib/hop3/supervisor/walls/filter",
  names: "/var/lib/hop3/supervisor/walls/70001",
  readable: ["/var/lib/hop3/apps/shop/builds/3/tree"],
  writable: ["/var/lib/hop3/apps/shop/data"],
  sockets: ["/run/hop3/i/abcd1234"],
  temporary: { bytes: 1024 },
  sharedMemory: 2048,
  network: true,
  ports: { first: 20_000, last: 29_999, own: 20_005 },
  cwd: "/var/lib/hop3/apps/shop/builds/3/tree/api",
};

it("the walls are this command line, and nothing of the host is in it that is not named here", () => {
  const argv = wallArgv(spec, host);
  const confined = landlockArgv([...spec.writable, "/tmp", "/dev/shm"]);
  assert.deepEqual(argv.splice(-confined.length), confined);
  const [shell, dashC, script, ...rest] = argv;
  assert.deepEqual([shell, dashC], ["/bin/sh", "-c"]);
  assert.match(script ?? "", /^trap '' TERM /);
  assert.deepEqual(rest.join(" ").split(/ (?=--|\/)/), [
    "wall 4096",
    `/var/lib/hop3/supervisor/walls/filter ${bpfCall()} 20000 29999 20005`,
    "/sys/fs/cgroup/hop3/apps/70001/web.1/cgroup.procs",
    "--",
    "/usr/bin/bwrap",
    ..."--unshare-pid --unshare-ipc --unshare-cgroup-try --die-with-parent".split(" "),
    "--seccomp 7",
    ..."--ro-bind /usr /usr --ro-bind /lib64 /lib64".split(" "),
    "--symlink usr/bin",
    "/bin",
    ..."--dir /etc --dir /run --dir /var".split(" "),
    ..."--ro-bind /etc/hosts /etc/hosts --ro-bind /etc/ssl /etc/ssl".split(" "),
    ..."--ro-bind /run/systemd/resolve /run/systemd/resolve".split(" "),
    ..."--ro-bind /var/lib/hop3/supervisor/walls/70001/passwd /etc/passwd".split(" "),
    ..."--ro-bind /var/lib/hop3/supervisor/walls/70001/group /etc/group".split(" "),
    ..."--proc /proc --dev /dev".split(" "),
    "--perms 1777",
    "--size 2048",
    "--tmpfs",
    "/dev/shm",
    "--perms 1777",
    "--size 1024",
    "--tmpfs",
    "/tmp",
    ..."--symlink /tmp /var/tmp".split(" "),
    ..."--dir /run --dir /run/hop3 --dir /run/hop3/i --dir /var --dir /var/lib --dir /var/lib/hop3".split(" "),
    ..."--dir /var/lib/hop3/apps --dir /var/lib/hop3/apps/shop".split(" "),
    ..."--dir /var/lib/hop3/apps/shop/builds --dir /var/lib/hop3/apps/shop/builds/3".split(" "),
    ..."--ro-bind /var/lib/hop3/apps/shop/builds/3/tree /var/lib/hop3/apps/shop/builds/3/tree".split(" "),
    ..."--bind /var/lib/hop3/apps/shop/data /var/lib/hop3/apps/shop/data".split(" "),
    ..."--bind /run/hop3/i/abcd1234 /run/hop3/i/abcd1234".split(" "),
    ..."--remount-ro / --chdir /var/lib/hop3/apps/shop/builds/3/tree/api --".split(" "),
    "/usr/bin/setpriv",
    ..."--reuid=70001 --regid=70001 --groups=988 --no-new-privs".split(" "),
    ..."--inh-caps=-all --ambient-caps=-all --bounding-set=-all".split(" "),
    "/usr/bin/env",
    "--default-signal",
  ]);
});

it("a build has its own directory as /tmp, and may be without network", () => {
  const argv = wallArgv({ ...spec, temporary: { directory: "/builds/3/tmp" }, network: false }, host).join(" ");
  assert.match(argv, / --unshare-net /);
  assert.match(argv, / --bind \/builds\/3\/tmp \/tmp /);
  assert.doesNotMatch(argv, /--tmpfs \/tmp/);
});

it("volumes are seen at their places, read-only or as memory where they are that", () => {
  const at = (name: string) => `/var/lib/hop3/apps/shop/volumes/${name}`;
  const mounts = [
    { path: at("media"), from: at("media"), writable: true },
    { path: at("host"), from: "/srv/host", writable: false },
    { path: at("scratch"), bytes: 4096 },
  ];
  const argv = wallArgv({ ...spec, mounts }, host).join(" ");
  const seen = `--bind ${at("media")} ${at("media")} --ro-bind /srv/host ${at("host")} --perms 1777 --size 4096 --tmpfs ${at("scratch")}`;
  assert.ok(argv.includes(` --bind /run/hop3/i/abcd1234 /run/hop3/i/abcd1234 ${seen} --remount-ro / `), argv);
  assert.match(argv, / --dir \/var\/lib\/hop3\/apps\/shop\/volumes /);
});

it("a host without a filter is walled without it", () => {
  assert.doesNotMatch(wallArgv({ ...spec, filter: null }, host).join(" "), /seccomp/);
});
