import assert from "node:assert/strict";
import { basename, dirname } from "node:path";
import { describe, it } from "node:test";
import type { HostFacts, UnitFacts } from "./host-facts.ts";
import { accountNames, places, unitNames } from "./places.ts";
import { planInstall } from "./plan-install.ts";
import { planUninstall, type Removal } from "./plan-uninstall.ts";
import { actionText, type Action, type Step } from "./step.ts";
import { unitMark } from "./units.ts";

const idle: UnitFacts = { active: false, enabled: false, stale: false, runs: { version: undefined, mark: undefined } };
const account = (name: string, uid: number, gid = uid) => ({
  name,
  uid,
  gid,
  home: "/nonexistent",
  shell: "/bin/false",
});
const fresh: HostFacts = {
  systems: ["debian"],
  packages: ["bubblewrap", "nftables"],
  accounts: { users: [account("root", 0), account("other", 999)], groups: [{ name: "root", gid: 0, members: [] }] },
  trees: [],
  inUse: [],
  files: new Map(),
  links: new Map(),
  sshd: { readsDirectory: true },
  units: { supervisor: idle, apps: idle },
  apps: [],
  hasData: false,
};
const wanted = { bundles: ["node-1", "caddy-1", "1.0.0-aa"], domain: undefined };
const lines = (steps: readonly Step[]): string[] => steps.flatMap(({ actions }) => actions.map(actionText));
const actionsOf = (steps: readonly Step[]): Action[] => steps.flatMap(({ actions }) => [...actions]);

describe("the plan of an installation", () => {
  it("has everything on a fresh host, in an order in which each finds what it needs", () => {
    // Of files only their names: what stands in them is nobody's order.
    const plan = lines(planInstall(fresh, wanted)).map((line) => line.replace(/ \((\d+), \d+ bytes\)$/, " ($1)"));
    const service = "--no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin --comment";
    const git = "--no-create-home --home-dir /var/lib/hop3 --shell /bin/sh --password * --comment";
    assert.deepEqual(plan, [
      "apt-get install -y --no-install-recommends bubblewrap nftables",
      "groupadd --system --gid 998 hop3",
      `useradd --system --uid 998 --gid 998 ${git} Hop3 control plane hop3`,
      "groupadd --system --gid 997 hop3-edge",
      `useradd --system --uid 997 --gid 997 ${service} Hop3 edge hop3-edge`,
      "groupadd --system --gid 996 hop3-files",
      "usermod --append --groups hop3-files hop3",
      "usermod --append --groups hop3-files hop3-edge",
      "groupadd --system --gid 995 hop3-apps",
      "make /usr/lib/hop3 (755)",
      "copy node-1 to /usr/lib/hop3/node-1",
      "copy caddy-1 to /usr/lib/hop3/caddy-1",
      "copy 1.0.0-aa to /usr/lib/hop3/1.0.0-aa",
      "link /usr/lib/hop3/current to 1.0.0-aa",
      "link /usr/local/bin/hop3 to /usr/lib/hop3/current/bin/hop3",
      "make /etc/hop3 (755)",
      "write /etc/hop3/server.env (600)",
      "write /etc/hop3/ceilings.json (644)",
      "write /etc/hop3/bind-volumes (644)",
      "write /etc/hop3/README (644)",
      "write /etc/hop3/sshd.conf (644)",
      "make /run/sshd (755)",
      "/usr/sbin/sshd -t -f /etc/hop3/sshd.conf",
      "link /etc/ssh/sshd_config.d/hop3.conf to /etc/hop3/sshd.conf",
      "/usr/sbin/sshd -t",
      "systemctl try-reload-or-restart ssh.service",
      "write /etc/hop3/sshd.read (644)",
      "write /etc/systemd/system/hop3-apps.service (644)",
      "write /etc/systemd/system/hop3.service (644)",
      "systemctl daemon-reload",
      "systemctl enable hop3.service",
      "systemctl start hop3.service",
    ]);
  });

  it("is empty after it was carried out, and has exactly the rest when it was cut off after any action", () => {
    const whole = actionsOf(planInstall(fresh, wanted));
    for (let done = 0; done <= whole.length; done += 1) {
      const host = whole.slice(0, done).reduce(carriedOut, fresh);
      const rest = actionsOf(planInstall(host, wanted));
      const end = rest.reduce(carriedOut, host);
      assert.deepEqual(lines(planInstall(end, wanted)), [], `cut off after ${done}`);
      assert.deepEqual(end, whole.reduce(carriedOut, fresh), `cut off after ${done}`);
    }
  });

  it("of a newer version copies what is new, and restarts the supervisor instead of starting it", () => {
    const host = actionsOf(planInstall(fresh, wanted)).reduce(carriedOut, fresh);
    assert.deepEqual(lines(planInstall(host, { ...wanted, bundles: ["node-1", "caddy-1", "1.1.0-bb"] })), [
      "copy 1.1.0-bb to /usr/lib/hop3/1.1.0-bb",
      "link /usr/lib/hop3/current to 1.1.0-bb",
      "systemctl restart hop3.service",
    ]);
  });

  it("of a newer version removes the code of older ones, but for the one before it and what still runs", () => {
    const host = actionsOf(planInstall(fresh, wanted)).reduce(carriedOut, fresh);
    const trees = [...host.trees, "0.8.0-cc", "0.9.0-dd", "node-0"];
    const old = { ...host, trees, inUse: ["0.9.0-dd", "1.0.0-aa"] };
    assert.deepEqual(lines(planInstall(old, wanted)), []);
    const newer = lines(planInstall(old, { ...wanted, bundles: ["node-1", "caddy-1", "1.1.0-bb"] }));
    assert.deepEqual(
      newer.filter((line) => line.startsWith("remove ")),
      ["remove /usr/lib/hop3/0.8.0-cc"],
    );
    // Back to one that is there.
    const back = lines(planInstall(old, { ...wanted, bundles: ["node-1", "caddy-1", "0.8.0-cc"] }));
    assert.deepEqual(back, ["link /usr/lib/hop3/current to 0.8.0-cc", "systemctl restart hop3.service"]);
  });

  it("restarts a supervisor that another text of its unit has started", () => {
    const host = actionsOf(planInstall(fresh, wanted)).reduce(carriedOut, fresh);
    const runs = { version: "/usr/lib/hop3/1.0.0-aa", mark: "another" };
    const units = { apps: idle, supervisor: { active: true, enabled: true, stale: false, runs } };
    assert.deepEqual(lines(planInstall({ ...host, units }, wanted)), ["systemctl restart hop3.service"]);
  });

  it("leaves systemd out where there is none, and settings as they are", () => {
    const files = new Map([["/etc/hop3/server.env", "HOP3_DOMAIN=mine.example"]]);
    const plan = lines(planInstall({ ...fresh, units: undefined, files }, { ...wanted, domain: "other.example" }));
    assert.ok(plan.every((line) => !line.includes("systemctl") && !line.includes("server.env")));
  });

  it("gives the account of an earlier version the shell that sshd needs, and leaves sshd alone where it reads nothing of ours", () => {
    const host = actionsOf(planInstall(fresh, wanted)).reduce(carriedOut, fresh);
    const users = host.accounts.users.map((one) =>
      one.name === "hop3" ? { ...one, shell: "/usr/sbin/nologin" } : one,
    );
    assert.deepEqual(lines(planInstall({ ...host, accounts: { ...host.accounts, users } }, wanted)), [
      "usermod --shell /bin/sh --password * hop3",
    ]);
    for (const sshd of [undefined, { readsDirectory: false }]) {
      assert.ok(lines(planInstall({ ...fresh, sshd }, wanted)).every((line) => !/ssh/.test(line)));
    }
  });

  it("removes what an earlier copy had begun", () => {
    const plan = lines(planInstall({ ...fresh, trees: ["node-1.begun"] }, wanted));
    assert.ok(plan.indexOf("remove /usr/lib/hop3/node-1.begun") < plan.indexOf("copy node-1 to /usr/lib/hop3/node-1"));
  });

  it("refuses other systems, and accounts and files that are somebody else's", () => {
    const refused: readonly (readonly [Partial<HostFacts>, RegExp])[] = [
      [{ systems: ["fedora"] }, /Debian and Ubuntu; this is fedora/],
      [{ accounts: { users: [account("hop3", 1000, 100)], groups: [] } }, /user hop3 already/],
      [
        { accounts: { users: [account("x", 555)], groups: [{ name: "hop3", gid: 555, members: [] }] } },
        /number 555 is another user's/,
      ],
      [{ files: new Map([[places.command, "#!/bin/sh"]]) }, /not Hop3's/],
    ];
    for (const [facts, message] of refused) assert.throws(() => planInstall({ ...fresh, ...facts }, wanted), message);
  });
});

describe("the plan of a removal", () => {
  const installed = {
    ...actionsOf(planInstall(fresh, wanted)).reduce(carriedOut, fresh),
    hasData: true,
    apps: ["blog"],
  };
  const removal: Removal = {
    purge: false,
    appUsers: ["hop3-70001"],
    supervisor: undefined,
    cgroups: [],
    hasRules: true,
    hasRun: true,
    closedTo: 995,
  };

  it("keeps data, settings and the users that own them, unless it is a purge", () => {
    const kept = lines(planUninstall(installed, removal));
    assert.deepEqual(
      kept.filter((line) => /userdel|groupdel|var\/lib|etc\/hop3/.test(line)),
      [],
    );
    const users = [...installed.accounts.users, account("hop3-70001", 70_001)];
    const purged = lines(
      planUninstall({ ...installed, accounts: { ...installed.accounts, users } }, { ...removal, purge: true }),
    );
    for (const line of [
      "remove /var/lib/hop3",
      "remove /etc/hop3",
      "userdel hop3",
      "userdel hop3-edge",
      "userdel hop3-70001",
      "groupdel hop3-files",
      "groupdel hop3-apps",
    ])
      assert.ok(purged.includes(line), line);
    assert.ok(
      purged.indexOf("remove /var/lib/hop3") < purged.indexOf("userdel hop3"),
      "files never outlive their user",
    );
  });

  it("ends apps before anything is taken from under them", () => {
    const plan = lines(planUninstall(installed, removal));
    const first = ["systemctl disable hop3.service", "systemctl stop hop3.service", "systemctl stop hop3-apps.service"];
    assert.deepEqual(plan.slice(0, 3), first);
    const foreground = lines(
      planUninstall({ ...installed, units: undefined, files: new Map() }, { ...removal, supervisor: 4711 }),
    );
    assert.deepEqual(foreground.slice(0, 2), ["kill -TERM 4711", "timeout 180 tail --pid=4711 -f /dev/null"]);
  });

  it("lets apps' group read what the network tells, as others do, before that is nobody's group", () => {
    const plan = lines(planUninstall(installed, { ...removal, purge: true }));
    const opened = plan.findIndex((line) => line.startsWith("find /proc/net/ -maxdepth 1 -gid 995 -exec chmod g=o"));
    assert.ok(opened >= 0 && opened < plan.indexOf("groupdel hop3-apps"), plan.join("\n"));
  });

  it("is empty where nothing of Hop3 is", () => {
    const none = { ...removal, purge: true, appUsers: [], hasRules: false, hasRun: false, closedTo: undefined };
    assert.deepEqual(planUninstall(fresh, none), []);
  });
});

/** What an action makes of a host, as far as the plan looks at it. */
function carriedOut(host: HostFacts, action: Action): HostFacts {
  const { accounts, trees, files, links } = host;
  switch (action.do) {
    case "copy":
      return { ...host, trees: [...trees.filter((one) => one !== basename(action.path)), basename(action.path)] };
    case "remove":
      return { ...host, trees: trees.filter((one) => one !== basename(action.path)) };
    case "link": {
      const below = dirname(action.path) === places.lib ? [...new Set([...trees, basename(action.path)])] : trees;
      return { ...host, links: new Map(links).set(action.path, action.to), trees: below };
    }
    case "file": {
      const isUnit = action.path.startsWith(places.units) && host.units !== undefined;
      const stale = (facts: UnitFacts): UnitFacts => ({ ...facts, stale: true });
      const units =
        host.units === undefined
          ? undefined
          : { apps: stale(host.units.apps), supervisor: stale(host.units.supervisor) };
      return { ...host, files: new Map(files).set(action.path, action.content), units: isUnit ? units : host.units };
    }
    case "directory":
      return host;
    case "run":
      return { ...host, ...ran(action.argv, { ...host, accounts }) };
  }
}

function ran(argv: readonly string[], { accounts: { users, groups }, units, links }: HostFacts): Partial<HostFacts> {
  const [command, verb] = argv;
  const name = argv.at(-1) ?? "";
  const number = Number(argv[argv.indexOf("--gid") + 1]);
  if (command === "apt-get") return { packages: [] };
  if (command === "groupadd") return { accounts: { users, groups: [...groups, { name, gid: number, members: [] }] } };
  if (command === "/usr/sbin/sshd") return {};
  const shell = argv[argv.indexOf("--shell") + 1] ?? "";
  if (command === "useradd") return { accounts: { users: [...users, { ...account(name, number), shell }], groups } };
  if (command === "usermod" && argv.includes("--shell")) {
    return { accounts: { users: users.map((one) => (one.name === name ? { ...one, shell } : one)), groups } };
  }
  if (command === "usermod") {
    const joined = groups.map((one) =>
      one.name === accountNames.files ? { ...one, members: [...one.members, name] } : one,
    );
    return { accounts: { users, groups: joined } };
  }
  if (command !== "systemctl" || units === undefined) throw new Error(`nobody knows ${argv.join(" ")}`);
  if (name === "ssh.service") return {};
  const { apps, supervisor } = units;
  if (verb === "daemon-reload")
    return { units: { apps: { ...apps, stale: false }, supervisor: { ...supervisor, stale: false } } };
  assert.equal(name, unitNames.supervisor);
  if (verb === "enable") return { units: { apps, supervisor: { ...supervisor, enabled: true } } };
  const runs = { version: `${places.lib}/${links.get(places.current)}`, mark: unitMark };
  return { units: { apps, supervisor: { ...supervisor, active: true, runs } } };
}
