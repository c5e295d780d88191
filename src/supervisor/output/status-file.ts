import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { isAlive, type ProcIdentity } from "./proc-stat.ts";

/** What the launcher has written down so far; see `launcher.ts` for who writes which line when. */
export type InstanceStatus = {
  bootId?: string;
  launcher?: ProcIdentity | undefined;
  app?: ProcIdentity | undefined;
  /** As a shell sees it: 0 to 255, where 128+n may be a signal or an exit of that number. */
  exitCode?: number;
  /** Everything the app wrote is in the spool. */
  drained: boolean;
};

export type Outcome =
  | { kind: "running"; status: InstanceStatus }
  | { kind: "exited"; code: number; status: InstanceStatus }
  /** App and launcher are gone and nobody wrote the status: the launcher was killed, or the machine went down. */
  | { kind: "lost"; status: InstanceStatus };

/** Parses the status file. Only lines closed by a newline count: the file is filled with blanks in advance. */
export function parseStatus(text: string): InstanceStatus {
  const status: InstanceStatus = { drained: false };
  for (const line of text.split("\n").slice(0, -1)) {
    const [word, first = "", second = ""] = line.trim().split(" ");
    if (word === "boot" && first !== "") status.bootId = first;
    else if (word === "launcher") status.launcher = identity(first, second);
    else if (word === "app") status.app = identity(first, second);
    else if (word === "exit" && /^\d{1,3}$/.test(first)) status.exitCode = Number(first);
    else if (word === "drained") status.drained = true;
  }
  return status;
}

export function readStatus(instanceDir: string): InstanceStatus {
  return parseStatus(readFileSync(join(instanceDir, "status"), "latin1"));
}

/** What became of an instance, also for a supervisor that did not start it. `bootId` is that of the running system. */
export function readOutcome(instanceDir: string, bootId: string): Outcome {
  const before = readStatus(instanceDir);
  // A launcher that has not yet written its first line looks the same as one that never started: whoever spawned it
  // knows, and one who comes later finds no such process.
  const sameBoot = before.bootId === bootId;
  const alive = sameBoot && [before.launcher, before.app].some((one) => one !== undefined && isAlive(one));
  // Read again AFTER looking for the processes: the launcher may have written the exit and ended in between.
  const status = alive ? before : readStatus(instanceDir);
  if (status.exitCode !== undefined) return { kind: "exited", code: status.exitCode, status };
  return alive ? { kind: "running", status } : { kind: "lost", status };
}

/** The id of this boot; start times of another boot mean nothing. */
export function readBootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
}

/** For people: a shell reports death by signal n as 128+n, and `exit 143` looks the same, so both are named. */
export function describeExit(code: number): string {
  const signal = Object.entries(constants.signals).find(([, number]) => number === code - 128);
  return signal === undefined ? `exit ${code}` : `exit ${code} or signal ${code - 128} (${signal[0]})`;
}

export function describeOutcome(outcome: Outcome): string {
  return outcome.kind === "exited" ? describeExit(outcome.code) : "exit unknown (its parent was killed)";
}

function identity(pid: string, startTime: string): ProcIdentity | undefined {
  const found = { pid: Number(pid), startTime: Number(startTime) };
  return Number.isSafeInteger(found.pid) && found.pid > 0 && Number.isSafeInteger(found.startTime) && startTime !== ""
    ? found
    : undefined;
}
