/**
 * The plan of an installation, an upgrade, or of nothing: what lacks on this host of what this Hop3 needs. Pure; a second
 * plan after the first was carried out is empty, and one after a run that was cut off has the rest.
 */
import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import type { Accounts } from "#sys/accounts.ts";
import { defaultFiles } from "./default-files.ts";
import type { HostFacts } from "./host-facts.ts";
import { accountNames, places, unitNames } from "./places.ts";
import { installedSshd, sshdMark } from "./sshd.ts";
import type { Action, Step } from "./step.ts";
import { unitMark, units } from "./units.ts";

export type Wanted = {
  /** Names of the trees of this Hop3, its code last. */
  readonly bundles: readonly string[];
  /** Base domain for a first installation; undefined for what stands in the file, or the standard. */
  readonly domain: string | undefined;
};

/** Files whose text the plan asks for. */
export const watchedFiles: readonly string[] = [
  ...defaultFiles(undefined).map(({ path }) => path),
  ...units.map(({ name }) => join(places.units, name)),
  places.sshd,
  places.sshdMark,
];

/** Throws UNAVAILABLE on a system that is not known, CONFLICT where an account or a file is somebody else's. */
export function planInstall(facts: HostFacts, wanted: Wanted): Step[] {
  if (!facts.systems.some((name) => name === "debian" || name === "ubuntu")) {
    throw new AppError(
      "UNAVAILABLE",
      `Hop3 is installed on Debian and Ubuntu; this is ${facts.systems[0] ?? "unknown"}.`,
    );
  }
  return [
    packages(facts),
    accounts(facts.accounts),
    code(facts, wanted),
    commands(facts, wanted),
    settings(facts, wanted),
    sshd(facts),
    services(facts, wanted),
  ].filter(({ actions }) => actions.length > 0);
}

function packages({ packages: missing }: HostFacts): Step {
  const install = ["apt-get", "install", "-y", "--no-install-recommends", ...missing];
  const actions: Action[] = missing.length === 0 ? [] : [{ do: "run", argv: install, again: ["apt-get", "update"] }];
  return { title: "Packages that walls and runtimes need", actions };
}

function accounts({ users, groups }: Accounts): Step {
  const actions: Action[] = [];
  const run = (...argv: string[]): void => void actions.push({ do: "run", argv });
  const taken = new Set([...users.map(({ uid }) => uid), ...groups.map(({ gid }) => gid)]);
  /** The highest of those that systems give to services, which neither a user nor a group has. */
  const free = (): number => {
    for (let id = 999; id >= 100; id -= 1) {
      if (taken.has(id)) continue;
      taken.add(id);
      return id;
    }
    throw new AppError("CONFLICT", "No number from 100 to 999 is free for a user.");
  };
  for (const [name, comment] of [
    [accountNames.hop3, "Hop3 control plane"],
    [accountNames.edge, "Hop3 edge"],
  ] as const) {
    const user = users.find((one) => one.name === name);
    const group = groups.find((one) => one.name === name);
    if (user !== undefined && user.uid !== user.gid) {
      throw new AppError("CONFLICT", `There is a user ${name} already, and its group has another number than it has.`, {
        hint: `Remove or rename it if it is not Hop3's: userdel ${name}`,
      });
    }
    // sshd runs the one command of a key by the account's shell; nobody has its password.
    const open = name === accountNames.hop3 ? ["--shell", "/bin/sh", "--password", "*"] : undefined;
    if (user !== undefined) {
      if (open !== undefined && user.shell !== "/bin/sh") run("usermod", ...open, name);
      continue;
    }
    const id = group?.gid ?? free();
    if (users.some(({ uid }) => uid === id)) {
      throw new AppError("CONFLICT", `There is a group ${name} already, and its number ${id} is another user's.`, {
        hint: `Remove or rename it if it is not Hop3's: groupdel ${name}`,
      });
    }
    if (group === undefined) run("groupadd", "--system", "--gid", String(id), name);
    const place = ["--no-create-home", "--home-dir", open === undefined ? "/nonexistent" : places.root];
    const shell = open ?? ["--shell", "/usr/sbin/nologin"];
    run(
      "useradd",
      "--system",
      "--uid",
      String(id),
      "--gid",
      String(id),
      ...place,
      ...shell,
      "--comment",
      comment,
      name,
    );
  }
  const files = groups.find((one) => one.name === accountNames.files);
  if (files === undefined) run("groupadd", "--system", "--gid", String(free()), accountNames.files);
  for (const name of [accountNames.hop3, accountNames.edge]) {
    if (files?.members.includes(name) !== true) run("usermod", "--append", "--groups", accountNames.files, name);
  }
  // Nobody is entered in it: the supervisor has every app join it, whose users come and go.
  const apps = groups.some(({ name }) => name === accountNames.apps);
  if (!apps) run("groupadd", "--system", "--gid", String(free()), accountNames.apps);
  return { title: "Users of the control plane and of the edge", actions };
}

function code({ trees, links, inUse }: HostFacts, wanted: Wanted): Step {
  const { bundles } = wanted;
  const begun = trees.filter((name) => name.endsWith(".begun"));
  const before = links.get(places.current);
  // Of the code, which begins with its version. An upgrade keeps what it leaves; tools stay, for apps were built with them.
  const old =
    before === undefined || before === codeOf(wanted)
      ? []
      : trees.filter((name) => /^\d/.test(name) && ![...begun, ...bundles, ...inUse, before].includes(name));
  return {
    title: "Code and tools, root's own",
    actions: [
      ...(trees.length === 0 ? [{ do: "directory", path: places.lib, mode: 0o755 } as const] : []),
      ...[...begun, ...old].map((name): Action => ({ do: "remove", path: join(places.lib, name) })),
      ...bundles
        .filter((name) => !trees.includes(name))
        .map((name): Action => ({ do: "copy", bundle: name, path: join(places.lib, name) })),
    ],
  };
}

function commands({ links, files }: HostFacts, wanted: Wanted): Step {
  if (files.has(places.command)) {
    throw new AppError("CONFLICT", `${places.command} is there already, and not Hop3's.`, { hint: "Move it away." });
  }
  const asked: readonly (readonly [string, string])[] = [
    [places.current, codeOf(wanted)],
    [places.command, join(places.current, "bin/hop3")],
  ];
  const wrong = asked.filter(([path, to]) => links.get(path) !== to);
  return {
    title: "The version that is started, and `hop3` on PATH",
    actions: wrong.map(([path, to]) => ({ do: "link", path, to })),
  };
}

function settings({ files }: HostFacts, { domain }: Wanted): Step {
  const missing = defaultFiles(domain).filter(({ path }) => !files.has(path));
  const actions = missing.map((one): Action => ({ do: "file", ...one }));
  const directory: Action[] = actions.length === 0 ? [] : [{ do: "directory", path: places.config, mode: 0o755 }];
  return { title: "Settings, root's own", actions: [...directory, ...actions] };
}

/** Tried before sshd could read it: what it cannot read would keep everybody out at its next start. */
function sshd({ sshd: found, files, links, units: systemd }: HostFacts): Step {
  const title = "git over SSH, by the system's sshd";
  if (found?.readsDirectory !== true) return { title, actions: [] };
  const isRead = files.get(places.sshd) === installedSshd && files.get(places.sshdMark) === sshdMark;
  if (isRead && links.get(places.sshdLink) === places.sshd) return { title, actions: [] };
  const run = (...argv: string[]): Action => ({ do: "run", argv });
  const reload: Action = {
    do: "run",
    argv: ["systemctl", "try-reload-or-restart", "ssh.service"],
    // It is started by a socket, or not at all.
    accepts: [5],
  };
  return {
    title,
    actions: [
      { do: "file", path: places.sshd, mode: 0o644, content: installedSshd },
      // Where it separates its privileges; only a start of the service makes it.
      { do: "directory", path: "/run/sshd", mode: 0o755 },
      run("/usr/sbin/sshd", "-t", "-f", places.sshd),
      { do: "link", path: places.sshdLink, to: places.sshd },
      run("/usr/sbin/sshd", "-t"),
      ...(systemd === undefined ? [] : [reload]),
      { do: "file", path: places.sshdMark, mode: 0o644, content: sshdMark },
    ],
  };
}

function services({ files, units: found }: HostFacts, wanted: Wanted): Step {
  const title = "The services";
  if (found === undefined) return { title, actions: [] };
  const changed = units.filter(({ name, content }) => files.get(join(places.units, name)) !== content);
  const actions: Action[] = changed.map(({ name, content }) => {
    return { do: "file", path: join(places.units, name), mode: 0o644, content };
  });
  const systemctl = (...args: string[]): void => void actions.push({ do: "run", argv: ["systemctl", ...args] });
  const { supervisor, apps } = found;
  if (changed.length > 0 || supervisor.stale || apps.stale) systemctl("daemon-reload");
  if (!supervisor.enabled) systemctl("enable", unitNames.supervisor);
  const { version, mark } = supervisor.runs;
  if (!supervisor.active) systemctl("start", unitNames.supervisor);
  // No app notices: the next supervisor takes over what runs.
  else if (version !== join(places.lib, codeOf(wanted)) || mark !== unitMark)
    systemctl("restart", unitNames.supervisor);
  return { title, actions };
}

function codeOf({ bundles }: Wanted): string {
  const name = bundles.at(-1);
  if (name === undefined) throw new TypeError("there is no code to install");
  return name;
}
