/** What an installation finds on its host, read once and changed by nobody, so that the plan can be pure. */
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { readAccounts, type Accounts } from "#sys/accounts.ts";
import { places, unitNames } from "./places.ts";

export type UnitFacts = {
  readonly active: boolean;
  readonly enabled: boolean;
  /** systemd has read an older text of it. */
  readonly stale: boolean;
  /** The directory of the version that runs, and the mark of the unit that it was started by. */
  readonly runs: { readonly version: string | undefined; readonly mark: string | undefined };
};

export type HostFacts = {
  /** ID and ID_LIKE of /etc/os-release: `["ubuntu", "debian"]`. */
  readonly systems: readonly string[];
  /** Debian's names of packages that are missing. */
  readonly packages: readonly string[];
  readonly accounts: Accounts;
  /** What is in the directory of versions and tools, complete or begun. */
  readonly trees: readonly string[];
  /** Those of them that a process runs from, or has mounted behind its walls. */
  readonly inUse: readonly string[];
  /** Text of regular files that the plan may write; those that are missing are not in it. */
  readonly files: ReadonlyMap<string, string>;
  /** Where links lead that the plan may make. */
  readonly links: ReadonlyMap<string, string>;
  /** Whether there is an sshd that reads `/etc/ssh/sshd_config.d`; undefined without sshd. */
  readonly sshd: { readonly readsDirectory: boolean } | undefined;
  /** Undefined on a host without systemd. */
  readonly units: { readonly supervisor: UnitFacts; readonly apps: UnitFacts } | undefined;
  /** Names of apps that have directories on this host. */
  readonly apps: readonly string[];
  /** Whether there is anything of the server's data. */
  readonly hasData: boolean;
};

/** Needed programs and libraries, with the package that has each. */
const needs: readonly (readonly [paths: readonly string[], packageName: string])[] = [
  [["/usr/bin/bwrap"], "bubblewrap"],
  [["/usr/sbin/nft"], "nftables"],
  [["/usr/bin/setpriv"], "util-linux"],
  [["/usr/sbin/useradd"], "passwd"],
  [["/bin/tar"], "tar"],
  [["/usr/bin/python3"], "python3"],
  [["/usr/bin/git"], "git"],
  [["/usr/lib/x86_64-linux-gnu/libatomic.so.1", "/usr/lib/aarch64-linux-gnu/libatomic.so.1"], "libatomic1"],
];

/** Asks systemd for properties of a unit: `systemctl show`, one `NAME=value` a line. */
export type ShowUnit = (name: string) => Promise<string>;

export async function readHostFacts(show: ShowUnit, watched: readonly string[]): Promise<HostFacts> {
  const present = watched.filter((path) => lstatSync(path, { throwIfNoEntry: false })?.isFile() === true);
  const linked = [places.current, places.command, places.sshdLink].filter(
    (path) => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true,
  );
  const apps = namesIn(join(places.root, "apps")).filter((name) => !name.startsWith("."));
  return {
    systems: readSystems(),
    packages: needs.filter(([paths]) => !paths.some((path) => existsSync(path))).map(([, name]) => name),
    accounts: readAccounts(),
    trees: namesIn(places.lib),
    inUse: readInUse(),
    files: new Map(present.map((path) => [path, readOrNothing(path)])),
    links: new Map(linked.map((path) => [path, readlinkSync(path)])),
    sshd: readSshd(),
    // What sd_booted(3) looks at.
    units: existsSync("/run/systemd/system")
      ? { supervisor: await readUnit(show, unitNames.supervisor), apps: await readUnit(show, unitNames.apps) }
      : undefined,
    apps,
    hasData: namesIn(places.root).length > 0,
  };
}

function readSshd(): HostFacts["sshd"] {
  if (!existsSync("/usr/sbin/sshd")) return undefined;
  const text = readOrNothing("/etc/ssh/sshd_config");
  return { readsDirectory: /^\s*Include\s+\/etc\/ssh\/sshd_config\.d\/\*\.conf\s*$/im.test(text) };
}

async function readUnit(show: ShowUnit, name: string): Promise<UnitFacts> {
  const found = new Map(
    (await show(name)).split("\n").map((line): [string, string] => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
  const pid = Number(found.get("MainPID") ?? 0);
  return {
    active: ["active", "activating", "reloading"].includes(found.get("ActiveState") ?? ""),
    enabled: found.get("UnitFileState") === "enabled",
    stale: found.get("NeedDaemonReload") === "yes",
    runs: pid > 0 ? readProcess(pid) : { version: undefined, mark: undefined },
  };
}

function readProcess(pid: number): UnitFacts["runs"] {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    const mark = environment.find((one) => one.startsWith("HOP3_UNIT="))?.slice("HOP3_UNIT=".length);
    return { version: readlinkSync(`/proc/${pid}/cwd`), mark };
  } catch {
    return { version: undefined, mark: undefined }; // it has ended meanwhile
  }
}

/** By what processes were started with: walls name there what they show. */
function readInUse(): string[] {
  const found = new Set<string>();
  for (const pid of namesIn("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const told = `${readFileSync(`/proc/${pid}/cmdline`, "utf8")}\0${readlinkSync(`/proc/${pid}/cwd`)}`;
      for (const [, name = ""] of `${told}\0`.matchAll(inLib)) found.add(name);
    } catch {
      // It has ended meanwhile, or is another's and the plan is asked for by who is not root.
    }
  }
  return [...found].toSorted();
}

const inLib = new RegExp(`${places.lib}/([^/\\0]+)`, "g");

function readSystems(): string[] {
  const text = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  const value = (key: string): string[] => {
    const found = new RegExp(`^${key}=(.*)$`, "m").exec(text)?.[1] ?? "";
    return found
      .replaceAll('"', "")
      .split(/\s+/)
      .filter((word) => word !== "");
  };
  return [...value("ID"), ...value("ID_LIKE")];
}

/** Who only asks for the plan may not read all of it; that it is there is enough. */
function readOrNothing(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).toSorted();
  } catch {
    return [];
  }
}
