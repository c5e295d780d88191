/**
 * The plan of a removal. Without `purge` the data stays, with the users that own it: their numbers must not become somebody
 * else's. With it nothing is left.
 */
import { join } from "node:path";
import type { HostFacts } from "./host-facts.ts";
import { accountNames, places, unitNames } from "./places.ts";
import type { Action, Step } from "./step.ts";
import { units } from "./units.ts";

export type Removal = {
  readonly purge: boolean;
  /** Users of apps: `hop3-70001`. */
  readonly appUsers: readonly string[];
  /** A supervisor that runs without systemd. */
  readonly supervisor: number | undefined;
  /** Control groups that were made outside of a unit. */
  readonly cgroups: readonly string[];
  /** Whether the rules of the loopback are loaded. */
  readonly hasRules: boolean;
  /** Group to which entries of /proc/net are closed. */
  readonly closedTo: number | undefined;
  /** Whether there is a run directory. */
  readonly hasRun: boolean;
};

export function planUninstall(facts: HostFacts, removal: Removal): Step[] {
  return [stop(facts, removal), traces(removal), program(facts), data(facts, removal), accounts(facts, removal)].filter(
    ({ actions }) => actions.length > 0,
  );
}

function stop({ units: found, files }: HostFacts, { supervisor }: Removal): Step {
  const actions: Action[] = [];
  const run = (...argv: string[]): void => void actions.push({ do: "run", argv });
  const there = units.map(({ name }) => name).filter((name) => files.has(join(places.units, name)));
  if (found !== undefined && there.length > 0) {
    if (found.supervisor.enabled) run("systemctl", "disable", unitNames.supervisor);
    // The supervisor ends apps as they ask to be ended; then whatever is left goes with their unit.
    if (there.includes(unitNames.supervisor)) run("systemctl", "stop", unitNames.supervisor);
    if (there.includes(unitNames.apps)) run("systemctl", "stop", unitNames.apps);
  } else if (supervisor !== undefined) {
    run("kill", "-TERM", String(supervisor));
    run("timeout", "180", "tail", `--pid=${supervisor}`, "-f", "/dev/null");
  }
  for (const name of there) actions.push({ do: "remove", path: join(places.units, name) });
  if (found !== undefined && there.length > 0) run("systemctl", "daemon-reload");
  return { title: "All apps and services end", actions };
}

function traces({ hasRules, hasRun, closedTo, cgroups }: Removal): Step {
  // The group is to read them again like others, then it has none of them.
  const opened = ["-exec", "chmod", "g=o", "{}", ";", "-exec", "chgrp", "root", "{}", ";"];
  return {
    title: "What of them is in the kernel and below /run",
    actions: [
      ...(hasRules ? [{ do: "run", argv: ["nft", "delete", "table", "inet", "hop3"] } as const] : []),
      ...(closedTo === undefined
        ? []
        : [
            { do: "run", argv: ["find", "/proc/net/", "-maxdepth", "1", "-gid", String(closedTo), ...opened] } as const,
          ]),
      ...cgroups.map((path): Action => ({ do: "run", argv: ["find", path, "-depth", "-type", "d", "-delete"] })),
      ...(hasRun ? [{ do: "remove", path: places.run } as const] : []),
    ],
  };
}

function program({ links, trees, units: found }: HostFacts): Step {
  const actions: Action[] = [];
  if (links.has(places.sshdLink)) {
    actions.push({ do: "remove", path: places.sshdLink });
    const argv = ["systemctl", "try-reload-or-restart", "ssh.service"];
    if (found !== undefined) actions.push({ do: "run", argv, accepts: [5] });
  }
  if (links.has(places.command)) actions.push({ do: "remove", path: places.command });
  if (trees.length > 0) actions.push({ do: "remove", path: places.lib });
  return { title: "Code, tools and the command", actions };
}

function data({ files, hasData }: HostFacts, { purge }: Removal): Step {
  const actions: Action[] = [];
  if (purge && hasData) actions.push({ do: "remove", path: places.root });
  if (purge && [...files.keys()].some((path) => path.startsWith(`${places.config}/`)))
    actions.push({ do: "remove", path: places.config });
  return { title: "All data of apps, the records, the settings", actions };
}

function accounts({ accounts: { users, groups } }: HostFacts, { purge, appUsers }: Removal): Step {
  const title = "The users";
  if (!purge) return { title, actions: [] };
  const names = [...appUsers, accountNames.hop3, accountNames.edge];
  const ours = [...names, accountNames.files, accountNames.apps];
  return {
    title,
    actions: [
      ...users
        .filter(({ name }) => names.includes(name))
        .map(({ name }): Action => ({ do: "run", argv: ["userdel", name] })),
      // A group that carries a user's name goes with it on some hosts: 6 says that there is none.
      ...groups
        .filter(({ name }) => ours.includes(name))
        .map(({ name }): Action => ({ do: "run", argv: ["groupdel", name], accepts: [6] })),
    ],
  };
}
