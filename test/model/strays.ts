/** Processes, directories, notes, sockets and slots of a supervisor at rest that nothing stands for. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { benchProcesses } from "#supervisor/bench.ts";
import { listCgroups } from "#supervisor/cgroup/cgroup.ts";
import { isGroup } from "#supervisor/cgroup/groups.ts";
import { serviceId } from "#supervisor/services.ts";
import { markName } from "#supervisor/proc-tree.ts";
import { readProcStat } from "#supervisor/output/proc-stat.ts";
import type { SupervisorStatus } from "#supervisor/protocol.ts";
import type { House } from "./house.ts";

/** Runs of one process whose logs stay: twenty that ended before its last start, and what ran then. */
const logsMax = 40;
const down = ["failed", "ended", "exhausted", "backoff"];
/** What lies in the supervisor's own directory. */
const own = /^(desired\.json(\.previous)?|lock|launcher\.sh|instances|services|jobs|cron|cron-jobs|sessions)$/;
/** In system mode, besides. */
const ownOfSystem = /^(users\.json|filter\.bpf|walls)$/;

export function strays(house: House, status: SupervisorStatus): string[] {
  const { layout } = house.bench;
  const instances = status.apps.flatMap((app) => app.instances);
  const marks = new Map(instances.map(({ id, state }) => [id, state as string]));
  marks.set(serviceId("caddy", layout), "ready");
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const pid of benchProcesses(house.base)) {
    if (pid === house.pid()) continue;
    const mark = markOf(pid);
    const state = mark === undefined ? undefined : marks.get(mark);
    if (mark !== undefined) seen.add(mark);
    if (state === undefined || down.includes(state))
      faults.push(
        `process ${pid} (${commandOf(pid)}) runs with the mark ${mark ?? "none"}${state === undefined ? "" : `, which is ${state}`}`,
      );
  }
  for (const { id, state } of instances)
    if (!down.includes(state) && !seen.has(id)) faults.push(`${id} is ${state}, and nothing of it runs`);
  for (const name of names("/proc").filter((one) => /^\d+$/.test(one))) {
    const stat = readProcStat(Number(name));
    if (stat?.state === "Z" && stat.ppid === house.pid()) faults.push(`the supervisor leaves the zombie ${name}`);
  }
  const stray = (directory: string, isWanted: (name: string) => boolean): void => {
    for (const name of names(directory)) if (!isWanted(name)) faults.push(`${join(directory, name)} lies about`);
  };
  const base = join(layout.supervisor, "instances");
  stray(layout.supervisor, (name) => own.test(name) || (house.tree !== undefined && ownOfSystem.test(name)));
  stray(base, (name) => marks.has(name));
  for (const id of names(base)) {
    const runs = names(join(base, id));
    if (runs.length > (down.includes(marks.get(id) ?? "") ? 0 : 1))
      faults.push(`${id} has the runs ${runs.join(" and ")}`);
  }
  stray(layout.instanceSockets, (name) => marks.has(name));
  stray(layout.doors, (name) => marks.has(name));
  stray(layout.sessionSockets, () => false);
  for (const notes of ["jobs", "cron-jobs", "sessions"]) stray(join(layout.supervisor, notes), () => false);
  stray(join(layout.edge, "slots"), (name) => status.apps.some(({ app }) => app === name));
  for (const app of names(layout.apps))
    for (const process of names(layout.appLogs(app)))
      if (names(join(layout.appLogs(app), process)).length > logsMax)
        faults.push(`${app} ${process} keeps too many logs`);
  return [...faults, ...strayGroups(house)];
}

/** Cgroups of runs, and what is in them, that no directory of a run stands for. */
function strayGroups({ bench, tree }: House): string[] {
  if (tree === undefined) return [];
  const base = join(bench.layout.supervisor, "instances");
  const runs = new Set(names(base).flatMap((id) => names(join(base, id))));
  return listCgroups(tree, ["apps"]).flatMap((uid) => {
    const below = listCgroups(tree, ["apps", uid]);
    const leaves = below.flatMap((name) => (isGroup(name) ? listCgroups(tree, ["apps", uid, name]) : [name]));
    return leaves.filter((leaf) => !runs.has(leaf)).map((leaf) => `the cgroup ${leaf} of ${uid} is of no run`);
  });
}

function names(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

function markOf(pid: number): string | undefined {
  const mark = `${markName}=`;
  const entry = read(pid, "environ")
    .split("\0")
    .find((one) => one.startsWith(mark));
  return entry?.slice(mark.length);
}

const commandOf = (pid: number): string => read(pid, "cmdline").replaceAll("\0", " ").trim().slice(0, 200);

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return "";
  }
}
