/**
 * What a start inside the walls costs, by bwrap and by util-linux: 200 starts of /bin/true each, then 50 idle instances
 * for memory. As root: node run-start.ts
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { wallArgv } from "../../../../src/supervisor/walls/argv.ts";
import { readHostView } from "../../../../src/supervisor/walls/host-view.ts";
import { seccompFilter } from "../../../../src/supervisor/walls/seccomp.ts";

const STARTS = 200;
const COUNT = 50;
const uid = 70001;
const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };
const root = mkdtempSync(join(tmpdir(), "hop3-walls-"));
for (const name of ["names", "tree", "data", "new"]) mkdirSync(join(root, name));
chownSync(join(root, "data"), uid, uid);
for (const name of ["passwd", "group"]) writeFileSync(join(root, "names", name), `app:x:${uid}:${uid}::/:/bin/sh\n`);
writeFileSync(join(root, "filter"), seccompFilter(process.arch) ?? "");
const host = readHostView();
const spec = {
  uid,
  apps: 65_530,
  cgroups: [],
  openFiles: 1024,
  filter: join(root, "filter"),
  names: join(root, "names"),
  readable: [join(root, "tree")],
  writable: [join(root, "data")],
  sockets: [],
  temporary: { bytes: 1 << 26 },
  sharedMemory: 1 << 26,
  network: true,
  cwd: join(root, "tree"),
};
const setpriv = ["/usr/bin/setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--no-new-privs"];
const drop = ["--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all"];

/** The same view by `mount --all` of a table of mounts: one process makes them all. */
const top = join(root, "new");
const bind = (path: string, how: string): string => `${path} ${top}${path} none bind,${how},X-mount.mkdir 0 0`;
const files = host.etc.filter((path) => spawnSync("/usr/bin/test", ["-f", path]).status === 0);
const folders = host.etc.filter((path) => !files.includes(path));
const table = [
  `none ${top} tmpfs mode=755 0 0`,
  ...["/usr", ...folders].map((path) => bind(path, "ro")),
  `proc ${top}/proc proc X-mount.mkdir 0 0`,
  `none ${top}/dev tmpfs mode=755,X-mount.mkdir 0 0`,
  ...["/tmp", "/dev/shm"].map((path) => `none ${top}${path} tmpfs mode=1777,size=64m,X-mount.mkdir 0 0`),
  bind(join(root, "tree"), "ro"),
  bind(join(root, "data"), "rw"),
];
writeFileSync(join(root, "fstab"), `${table.join("\n")}\n`);
const script = `mount -n -a -T ${root}/fstab && cd ${top} &&
for f in ${files.join(" ")}; do : >.$f; done &&
for d in null zero full random urandom tty; do : >dev/$d; done &&
for l in bin sbin lib lib64; do ln -s usr/$l $l; done &&
"$@"; exit $?`;
writeFileSync(
  join(root, "fstab2"),
  [...files, ...["null", "zero", "full", "random", "urandom", "tty"].map((name) => `/dev/${name}`)]
    .map((path) => `${path} ${top}${path} none bind,ro 0 0`)
    .join("\n"),
);
const unshare = ["/usr/bin/unshare", "--mount", "--pid", "--ipc", "--fork", "--kill-child", "--"];
const enter = `mount -n -a -T ${root}/fstab2 && exec /usr/sbin/chroot ${top} "$@"`;
const ways: Readonly<Record<string, readonly string[]>> = {
  nothing: [],
  "setpriv alone": [...setpriv, ...drop],
  "bwrap (chosen)": wallArgv(spec, host),
  "bwrap, no filter": wallArgv({ ...spec, filter: null }, host),
  "bwrap, empty network": wallArgv({ ...spec, network: false }, host),
  "util-linux": [...unshare, "/bin/sh", "-c", script, "wall", "/bin/sh", "-c", enter, "wall", ...setpriv, ...drop],
};

const starts: Record<string, string | number>[] = [];
for (const [way, argv] of Object.entries(ways)) {
  const times: number[] = [];
  const before = children();
  for (let i = 0; i < STARTS; i++) {
    const from = performance.now();
    const [file, ...args] = [...argv, "/bin/true"];
    const done = spawnSync(file, args, { env, stdio: ["ignore", "ignore", "pipe"] });
    if (done.status !== 0) throw new Error(`${way}: ${done.status} ${done.stderr.toString()}`);
    times.push(performance.now() - from);
  }
  times.sort((a, b) => a - b);
  const at = (part: number): string => (times[Math.floor(part * STARTS)] ?? Number.NaN).toFixed(1);
  starts.push({ way, "p50 ms": at(0.5), "p99 ms": at(0.99), "CPU ms": ((children() - before) / STARTS).toFixed(1) });
}
console.table(starts);

const memory: Record<string, string | number>[] = [];
for (const [way, argv] of Object.entries(ways)) {
  await pause(1000);
  const free = kernel();
  const [file, ...args] = [...argv, "/bin/sleep", "1000"];
  const started = Array.from({ length: COUNT }, () => spawn(file, args, { env, stdio: "ignore", detached: true }));
  await pause(3000);
  const ours = family(started.map(({ pid }) => pid ?? 0));
  const beside = ours.filter((pid) => !readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("/bin/sleep"));
  memory.push({
    way,
    "processes beside the app": beside.length / COUNT,
    "PSS KiB": Math.round(beside.reduce((sum, pid) => sum + pss(pid), 0) / COUNT),
    "slab, page tables, stacks, per-CPU KiB": Math.round((kernel() - free) / COUNT),
  });
  for (const pid of ours) execFileSync("/bin/sh", ["-c", `kill -KILL ${pid} 2>/dev/null || :`]);
}
console.table(memory);
rmSync(root, { recursive: true });

/** Milliseconds of CPU that our ended children took. */
function children(): number {
  const fields = readFileSync("/proc/self/stat", "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

function family(roots: readonly number[]): number[] {
  const found = new Set(roots);
  for (let grown = true; grown;) {
    grown = false;
    for (const name of readdirSync("/proc").filter((one) => /^\d+$/.test(one))) {
      try {
        const parent = Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, "utf8"))?.[1]);
        if (!found.has(parent) || found.has(Number(name))) continue;
        found.add(Number(name));
        grown = true;
      } catch {
        // It has ended.
      }
    }
  }
  return [...found];
}

function pss(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]);
}

/** KiB that the kernel holds for processes and mounts. */
function kernel(): number {
  const info = readFileSync("/proc/meminfo", "utf8");
  const of = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(info)?.[1]);
  return of("SUnreclaim") + of("PageTables") + of("KernelStack") + of("Percpu");
}
