/** The words of the fault matrix: who may be killed, when, and what must come of it. */
import type { Fate } from "../e2e/faulty/interruption.ts";

export const victims = {
  hop3d: "hop3d",
  supervisor: "supervisor",
  caddy: "Caddy",
  new: "new instance",
  old: "old instance",
  job: "build",
} as const;
export type Victim = keyof typeof victims;

/** Whom users may miss until it is back: nobody, the edge (for every app), or the app whose instance was killed. */
export type Missed = "nobody" | "edge" | "app";

export type Kill = {
  readonly fate: Fate;
  readonly missed: Missed;
  /** Codes that an undone deploy may end with. */
  readonly codes: readonly string[];
};

/** A string says why the process does not exist then. */
export type Cell = Kill | string;

export type Moment = {
  /** As in e2e/faulty/points.ts. */
  readonly point: string;
  /** For the reader. */
  readonly says: string;
  /** A cancel is sent there: the kill waits until it was accepted, or comes with it. */
  readonly canceled?: "before the kill" | "with the kill";
  readonly cells: Readonly<Record<Victim, Cell>>;
};

export const finished: Kill = { fate: "finished", missed: "nobody", codes: [] };
export const missing = (missed: Missed): Kill => ({ ...finished, missed });
export const undone = (...codes: string[]): Kill => ({ fate: "undone", missed: "nobody", codes });
export const undoneMissing = (missed: Missed, ...codes: string[]): Kill => ({ ...undone(...codes), missed });
export const never: Kill = { fate: "never", missed: "nobody", codes: [] };

export const interrupted = undone("UNAVAILABLE");
export const edge = missing("edge");
export const app = missing("app");

export const notYet = "no process of the new release exists before its start";
export const noJob = "nothing of the app's own code is run by a job at this step";
export const retired = "the old instance has ended in the step before";
export const noProcess = "a static site has no process: the edge serves it";
