import { appendFileSync, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "#sys/clock.ts";

/** A file of the log that has reached this many bytes makes room for a new one; one old one stays. */
const rotateBytes = 10 * 1024 * 1024;

export type OwnLog = (message: string, fields?: Readonly<Record<string, string | number>>) => void;

/**
 * The supervisor's own log, in the form of all logs (`TIME sys TEXT`), with the facts as JSON after the text. Written at once, so that the last words before a crash are there;
 * a full disk loses them and stops nothing.
 */
export function openOwnLog(path: string, clock: Clock): OwnLog {
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  return (message, fields = {}) => {
    try {
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > rotateBytes) renameSync(path, `${path}.1`);
      const facts = Object.keys(fields).length === 0 ? "" : ` ${JSON.stringify(fields)}`;
      appendFileSync(path, `${new Date(clock.now()).toISOString()} sys ${message}${facts}\n`, { mode: 0o640 });
    } catch {
      // The disk is full.
    }
  };
}
