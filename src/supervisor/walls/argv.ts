/**
 * The walls of an app's process as a command line (docs/adr/0004): what stands before the app's own command. Pure: it
 * looks at nothing, so that `--dry-run` and tests see what would be run. What is not named here the process does not have.
 */
import type { HostView } from "./host-view.ts";
import { landlockArgv, perl } from "./landlock.ts";
import { bpfCall, holdPorts, type PortRange } from "./port-range.ts";

/** What is seen at `path`: another directory, or memory of `bytes`, empty. */
export type Mount =
  | { readonly path: string; readonly from: string; readonly writable: boolean }
  | { readonly path: string; readonly bytes: number };

export type WallSpec = {
  /** User and group of the app, one number for both. */
  readonly uid: number;
  /** The group that every app is in, to which things are closed that others may see (sight.ts). */
  readonly apps: number;
  /** `cgroup.procs` files of the cgroups to enter before anything else. */
  readonly cgroups: readonly string[];
  /** Most open files of one process. */
  readonly openFiles: number;
  /** File with the filter of system calls (seccomp.ts); null where the host's processor has none. */
  readonly filter: string | null;
  /** Directory with the `passwd` and `group` that are seen inside. */
  readonly names: string;
  /** Absolute paths seen under their own names. They must exist, and nobody but root may be able to exchange them. */
  readonly readable: readonly string[];
  readonly writable: readonly string[];
  /** Directories of sockets, in the same way: in these it may make nothing else. */
  readonly sockets: readonly string[];
  /** Over those. As of them, nobody but root may be able to exchange what they are from. */
  readonly mounts?: readonly Mount[];
  /** A directory that /tmp and /var/tmp are, or how many bytes of memory they may take. */
  readonly temporary: { readonly directory: string } | { readonly bytes: number };
  /** Bytes of shared memory, /dev/shm. */
  readonly sharedMemory: number;
  readonly network: boolean;
  /** Of this range it may bind `own` alone, 0 for none; for one that is in a cgroup of version 2. */
  readonly ports?: PortRange & { readonly own: number };
  /** Working directory, inside. */
  readonly cwd: string;
};

/**
 * Runs as root, outside: enters the cgroups before there is anything to account for, so that nothing escapes them; ignores
 * what is sent to the app's process group, where bwrap stands too and must outlive the app to tell how it ended.
 */
const enter = `trap '' TERM INT HUP QUIT USR1 USR2 PIPE ALRM
umask 022
ulimit -n "$1" && ulimit -c 1 || exit 125
[ -z "$2" ] || exec 7<"$2" || exit 125
ports=$3
shift 3
while [ "$1" != -- ]; do echo $$ >"$1" || exit 125; at=\${1%/*}; shift; done
shift
[ -z "$ports" ] || ${perl} -e '${holdPorts}' "$at" $ports || exit 125
exec "$@"`;

/** What comes before the app's command; that is started as the app's user, with all signals as a program expects them. */
export function wallArgv(spec: WallSpec, host: HostView): string[] {
  const { uid, apps, filter, cgroups, openFiles } = spec;
  const entered = ["/bin/sh", "-c", enter, "wall", String(openFiles), filter ?? "", held(spec), ...cgroups, "--"];
  const alone = [host.bwrap, "--unshare-pid", "--unshare-ipc", "--unshare-cgroup-try", "--die-with-parent"];
  const network = spec.network ? [] : ["--unshare-net"];
  const filtered = filter === null ? [] : ["--seccomp", "7"];
  const root = ["--remount-ro", "/", "--chdir", spec.cwd, "--"];
  const user = ["/usr/bin/setpriv", `--reuid=${uid}`, `--regid=${uid}`, `--groups=${apps}`, "--no-new-privs"];
  const powerless = ["--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all"];
  // What is ignored stays ignored over an exec, and a shell cannot take it back.
  const signals = ["/usr/bin/env", "--default-signal"];
  return [
    ...entered,
    ...alone,
    ...network,
    ...filtered,
    ...seen(spec, host),
    ...root,
    ...user,
    ...powerless,
    ...signals,
    ...landlockArgv(spec.sockets.length === 0 ? [] : free(spec)),
  ];
}

/** For holdPorts, which words of it the shell takes apart. */
function held({ ports }: WallSpec): string {
  const call = bpfCall();
  return ports === undefined || call === undefined ? "" : [call, ports.first, ports.last, ports.own].join(" ");
}

/** Where it may make anything, as far as it may write there. */
function free({ writable, mounts = [] }: WallSpec): string[] {
  return [...writable, ...mounts.map(({ path }) => path), "/tmp", "/dev/shm"];
}

/** The file system inside, from nothing: an empty root, then each thing by name; what comes later lies over what came before. */
function seen(spec: WallSpec, host: HostView): string[] {
  const same = (option: string, paths: readonly string[]): string[] => paths.flatMap((path) => [option, path, path]);
  const memory = (path: string, bytes: number): string[] => {
    return ["--perms", "1777", "--size", String(bytes), "--tmpfs", path];
  };
  // Made by name: those that bwrap makes itself belong to root alone, and the app could not pass.
  const folders = (paths: readonly string[]): string[] => paths.flatMap((path) => ["--dir", path]);
  const { temporary, readable, writable, sockets, mounts = [], names } = spec;
  const named = [...readable, ...writable, ...sockets, ...mounts.map(({ path }) => path)];
  const above = [...new Set(named.flatMap(parents))].toSorted();
  const system = same("--ro-bind", ["/usr", ...host.directories]);
  const links = host.links.flatMap(([target, path]) => ["--symlink", target, path]);
  const users = ["--ro-bind", `${names}/passwd`, "/etc/passwd", "--ro-bind", `${names}/group`, "/etc/group"];
  const temporaries =
    "directory" in temporary ? ["--bind", temporary.directory, "/tmp"] : memory("/tmp", temporary.bytes);
  return [
    ...system,
    ...links,
    ...folders(["/etc", "/run", "/var"]),
    ...same("--ro-bind", [...host.etc, ...host.resolver]),
    ...users,
    "--proc",
    "/proc",
    "--dev",
    "/dev",
    ...memory("/dev/shm", spec.sharedMemory),
    ...temporaries,
    "--symlink",
    "/tmp",
    "/var/tmp",
    ...folders(above),
    ...same("--ro-bind", readable),
    ...same("--bind", [...writable, ...sockets]),
    ...mounts.flatMap((mount) =>
      "bytes" in mount
        ? memory(mount.path, mount.bytes)
        : [mount.writable ? "--bind" : "--ro-bind", mount.from, mount.path],
    ),
  ];
}

/** `/a/b/c` has `/a` and `/a/b`. */
function parents(path: string): string[] {
  const parts = path.split("/").slice(1, -1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
}
