import { readFileSync } from "node:fs";

/**
 * Who a process is. A pid alone names whoever has that number today; with its start time (clock ticks since boot)
 * it names one process until the next boot.
 */
export type ProcIdentity = { pid: number; startTime: number };

export type ProcStat = ProcIdentity & {
  comm: string;
  /** One letter: R, S, D, T, Z (zombie), X (dead), ... */
  state: string;
  ppid: number;
  pgrp: number;
  session: number;
};

/** Parses the text of `/proc/<pid>/stat`; undefined when it is not such a text. */
export function parseProcStat(text: string): ProcStat | undefined {
  // The name stands in parentheses and may itself hold blanks, newlines and parentheses: only the LAST ')' ends it.
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open < 0 || close < open) return undefined;
  const rest = text
    .slice(close + 1)
    .trim()
    .split(" ");
  const [state, ppid, pgrp, session] = rest;
  const stat = {
    pid: Number.parseInt(text.slice(0, open), 10),
    comm: text.slice(open + 1, close),
    state: state ?? "",
    ppid: Number(ppid),
    pgrp: Number(pgrp),
    session: Number(session),
    startTime: Number(rest[19]), // field 22 of proc(5); `rest` begins with field 3
  };
  const numbers = [stat.pid, stat.ppid, stat.pgrp, stat.session, stat.startTime];
  return stat.state.length === 1 && numbers.every(Number.isSafeInteger) ? stat : undefined;
}

/** Reads one process; undefined when there is none with this pid. */
export function readProcStat(pid: number): ProcStat | undefined {
  try {
    return parseProcStat(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch (error) {
    // ESRCH: the process went away between open and read.
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH"))
      return undefined;
    throw error;
  }
}

/**
 * True while this very process can still run. `kill(pid, 0)` cannot tell: it succeeds on a zombie, and on a stranger who
 * got the number later.
 */
export function isAlive(identity: ProcIdentity): boolean {
  const stat = readProcStat(identity.pid);
  return stat !== undefined && stat.startTime === identity.startTime && stat.state !== "Z" && stat.state !== "X";
}
