/** What is written down of a session, so that the next supervisor finds it. */
import { existsSync } from "node:fs";
import { readNote } from "./note.ts";
import { isAlive, type ProcIdentity } from "./output/proc-stat.ts";

export type SessionNote = {
  readonly app: string;
  readonly session: number;
  readonly bootId: string;
  /** Names of its cgroup; null in user mode. */
  readonly cgroup: readonly string[] | null;
  /** There once it serves. */
  readonly process?: ProcIdentity;
  /** When it has to have ended, in milliseconds of the wall clock. */
  readonly endsAt?: number;
};

/** A file of our own, in a directory where nobody else writes; what an earlier version wrote has no cgroup. Undefined when it was cut off. */
export function readSessionNote(path: string): SessionNote | undefined {
  const found = readNote(path) as (Omit<SessionNote, "cgroup"> & Partial<SessionNote>) | undefined;
  return found === undefined ? undefined : { cgroup: null, ...found };
}

/** Whether it goes on with somebody at its other end: its socket is gone when its client has come. */
export function isHeld({ process }: SessionNote, socket: string): boolean {
  return process !== undefined && isAlive(process) && !existsSync(socket);
}
