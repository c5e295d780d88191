/**
 * Which processes belong to an instance. A tree is more than a process group: children start sessions of their own and
 * daemonise. So a process belongs when it carries the mark in its environment, is in the session or group that the
 * launcher made, is in its cgroup where it has one, or descends from one that belongs.
 */
import { readdirSync, readFileSync } from "node:fs";
import type { Cgroup } from "./cgroup/cgroup.ts";
import { readProcStat, type ProcIdentity, type ProcStat } from "./output/proc-stat.ts";

/** The variable that marks every process of an instance; inherited unless a program drops its environment. */
export const markName = "HOP3_INSTANCE";

export type Marked = {
  /** Value of the mark. */
  readonly mark: string;
  /** Leader of the app's own session; undefined when it is not known. */
  readonly app?: ProcIdentity | undefined;
  /** The launcher, and with it its pumps. */
  readonly launcher?: ProcIdentity | undefined;
  /** Its own cgroup, in which the app is, and neither launcher nor pumps. */
  readonly cgroup?: Pick<Cgroup, "members" | "kill" | "usage"> | undefined;
};

/** All processes that run now; zombies are dead. */
export function listProcesses(): ProcStat[] {
  const found: ProcStat[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readProcStat(Number(name));
    if (stat !== undefined && stat.state !== "Z" && stat.state !== "X") found.push(stat);
  }
  return found;
}

/** Processes of the instance's app, without launcher and pumps: these end by themselves when the app has ended. */
export function appProcesses(instance: Marked, all: readonly ProcStat[] = listProcesses()): ProcStat[] {
  const launcher = instance.launcher;
  return treeProcesses(instance, all).filter((one) => launcher === undefined || one.session !== launcher.pid);
}

/** Everything of the instance, launcher and pumps included. */
export function treeProcesses(instance: Marked, all: readonly ProcStat[] = listProcesses()): ProcStat[] {
  const members = new Map<number, ProcStat>();
  const inside = new Set(instance.cgroup?.members());
  const roots = [instance.app, instance.launcher].filter((one) => one !== undefined && ownsNumber(one, all));
  for (const one of all) {
    // Ourselves and our parents may have been started inside a marked tree; we are never part of one below us.
    if (one.pid === process.pid || one.pid === process.ppid || one.pid === 1) continue;
    const bySession = roots.some(
      (root) =>
        root !== undefined && one.startTime >= root.startTime && (one.session === root.pid || one.pgrp === root.pid),
    );
    if (bySession || inside.has(one.pid) || readMark(one.pid) === instance.mark) members.set(one.pid, one);
  }
  for (let grown = true; grown;) {
    grown = false;
    for (const one of all) {
      if (members.has(one.pid) || !members.has(one.ppid) || one.pid === process.pid) continue;
      members.set(one.pid, one);
      grown = true;
    }
  }
  return [...members.values()];
}

/**
 * To which instance each process belongs, by mark, without launchers and pumps. As appProcesses, for many instances in one
 * pass, each environment read once.
 */
export function ownerOf(instances: readonly Marked[], all: readonly ProcStat[]): ReadonlyMap<number, string> {
  const sessions = new Map<number, string>();
  const ours = new Set<number>();
  for (const { mark, app, launcher } of instances) {
    if (app !== undefined && ownsNumber(app, all)) sessions.set(app.pid, mark);
    if (launcher !== undefined && ownsNumber(launcher, all)) ours.add(launcher.pid);
  }
  const marks = new Set(instances.map(({ mark }) => mark));
  const owner = new Map<number, string>();
  const above = (one: ProcStat) => one.pid === process.pid || one.pid === process.ppid || one.pid === 1;
  for (const one of all) {
    if (above(one) || ours.has(one.session)) continue;
    const mark = sessions.get(one.session) ?? sessions.get(one.pgrp) ?? readMark(one.pid);
    if (mark !== undefined && marks.has(mark)) owner.set(one.pid, mark);
  }
  for (let grown = true; grown;) {
    grown = false;
    for (const one of all) {
      const mark = owner.get(one.ppid);
      if (mark === undefined || owner.has(one.pid) || above(one) || ours.has(one.session)) continue;
      owner.set(one.pid, mark);
      grown = true;
    }
  }
  return owner;
}

/** A number may have passed on to a stranger; while a session or group of that number has members, it cannot. */
function ownsNumber(root: ProcIdentity, all: readonly ProcStat[]): boolean {
  const holder = all.find((one) => one.pid === root.pid);
  return holder === undefined || holder.startTime === root.startTime;
}

function readMark(pid: number): string | undefined {
  let environment: string;
  try {
    environment = readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return undefined; // it has ended, or belongs to another user and so cannot be ours
  }
  const prefix = `${markName}=`;
  return environment
    .split("\0")
    .find((entry) => entry.startsWith(prefix))
    ?.slice(prefix.length);
}
