import type { Clock } from "#sys/clock.ts";
import { isAlive, type ProcIdentity } from "./output/proc-stat.ts";
import { appProcesses, treeProcesses, type Marked } from "./proc-tree.ts";

const pollMs = 20;
/** A process in uninterruptible sleep outlives KILL; nobody waits for it longer than this. */
const killWaitMs = 10_000;

/**
 * Asks the app to end: TERM to its group, so that a shell in front of it does not swallow the signal, and to each of its
 * tree that has left the group.
 */
export function askToEnd(instance: Marked): void {
  const { app } = instance;
  const all = appProcesses(instance);
  const grouped = app !== undefined && isAlive(app);
  if (grouped) signal(-app.pid, "SIGTERM");
  for (const one of all) if (!grouped || one.pgrp !== app.pid) signal(one.pid, "SIGTERM");
}

/** A launcher just started has not written down whom to ask: it gets a second for that. */
export async function askToEndOnceKnown(
  run: { readonly marked: Marked; outcome(): { readonly kind: string } },
  clock: Clock,
): Promise<void> {
  for (let turn = 0; turn < 100 && run.marked.app === undefined && run.outcome().kind === "running"; turn += 1) {
    await clock.sleep(10);
  }
  askToEnd(run.marked);
}

/** Kills the app's whole tree; the launcher stays to write down how it ended. True when nothing is left. */
export async function killApp(instance: Marked, clock: Clock): Promise<boolean> {
  await instance.cgroup?.kill(clock);
  return killUntilEmpty(() => appProcesses(instance), clock);
}

/** Kills everything, launcher and pumps too. */
export async function killTree(instance: Marked, clock: Clock): Promise<boolean> {
  await instance.cgroup?.kill(clock);
  return killUntilEmpty(() => treeProcesses(instance), clock);
}

/** Asks it to end, and kills what is left of it after `grace` seconds; at once when that is 0. Resolves when nothing is. */
export async function endTree(instance: Marked, grace: number, clock: Clock): Promise<void> {
  if (grace > 0) {
    askToEnd(instance);
    const deadline = clock.elapsed() + grace * 1000;
    while (appProcesses(instance).length > 0 && clock.elapsed() < deadline) await clock.sleep(pollMs);
  }
  await killTree(instance, clock);
}

/** A fork bomb makes new ones while we kill: we look again until none is left. */
async function killUntilEmpty(members: () => readonly ProcIdentity[], clock: Clock): Promise<boolean> {
  const deadline = clock.elapsed() + killWaitMs;
  for (;;) {
    const left = members();
    if (left.length === 0) return true;
    if (clock.elapsed() > deadline) return false;
    for (const one of left) signal(one.pid, "SIGKILL");
    await clock.sleep(pollMs);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}
