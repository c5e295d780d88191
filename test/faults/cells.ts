/**
 * The fault matrix as data: every step of a deploy x every process that may be killed in it, and what must come of it. A
 * step has one moment or more; a cell without its process says why, and that is looked into like everything else.
 */
import type { DeployStep } from "#core/api/deploys.ts";
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
  readonly cells: Readonly<Record<Victim, Cell>>;
};

const finished: Kill = { fate: "finished", missed: "nobody", codes: [] };
const undone = (...codes: string[]): Kill => ({ fate: "undone", missed: "nobody", codes });
const missing = (missed: Missed): Kill => ({ ...finished, missed });

const interrupted = undone("UNAVAILABLE");
const edge = missing("edge");
const app = missing("app");

const notYet = "no process of the new release exists before its start";
const noJob = "nothing of the app's own code is run by a job at this step";
const retired = "the old instance has ended in the step before";

export const matrix: Readonly<Record<DeployStep, readonly [Moment, ...Moment[]]>> = {
  receive: [
    {
      point: "after:receive",
      says: "the upload is on the disk and not taken yet",
      cells: {
        hop3d: { fate: "never", missed: "nobody", codes: [] },
        supervisor: finished,
        caddy: edge,
        new: notYet,
        old: app,
        job: noJob,
      },
    },
  ],
  detect: [
    {
      point: "after:detect",
      says: "the builder is chosen, its step not ended",
      cells: { hop3d: interrupted, supervisor: finished, caddy: edge, new: notYet, old: app, job: noJob },
    },
  ],
  build: [
    {
      point: "app:build",
      says: "the app's build command runs",
      cells: {
        hop3d: interrupted,
        supervisor: undone("BUILD_FAILED", "UNAVAILABLE"),
        caddy: edge,
        new: notYet,
        old: app,
        job: undone("BUILD_FAILED"),
      },
    },
  ],
  release: [
    {
      point: "app:release",
      says: "the release command runs; as a job it is what is killed for the build",
      cells: {
        hop3d: interrupted,
        supervisor: undone("RELEASE_COMMAND_FAILED", "UNAVAILABLE"),
        caddy: edge,
        new: notYet,
        old: app,
        job: undone("RELEASE_COMMAND_FAILED"),
      },
    },
  ],
  start: [
    {
      point: "app:start",
      says: "the new instance runs and does not listen yet",
      cells: {
        hop3d: interrupted,
        supervisor: undone("APP_EXITED", "UNAVAILABLE"),
        caddy: edge,
        new: undone("APP_EXITED"),
        old: app,
        job: noJob,
      },
    },
  ],
  probe: [
    {
      point: "app:probe",
      says: "the new instance is about to answer its probe",
      cells: {
        hop3d: interrupted,
        supervisor: finished,
        caddy: edge,
        new: undone("APP_EXITED"),
        old: app,
        job: noJob,
      },
    },
  ],
  "cut-over": [
    {
      point: "before:cut-over",
      says: "the new instance is sound, traffic still goes to the old one",
      cells: {
        hop3d: interrupted,
        supervisor: finished,
        caddy: edge,
        new: undone("APP_EXITED"),
        old: app,
        job: noJob,
      },
    },
    {
      point: "within:cut-over",
      says: "traffic goes to the new one, the store does not know",
      cells: { hop3d: finished, supervisor: finished, caddy: edge, new: app, old: finished, job: noJob },
    },
  ],
  drain: [
    {
      point: "app:drain",
      says: "the old instance leaves and still answers a request",
      cells: { hop3d: finished, supervisor: finished, caddy: edge, new: app, old: finished, job: noJob },
    },
  ],
  retire: [
    {
      point: "before:retire",
      says: "the old instance is gone, its tree is not",
      cells: { hop3d: finished, supervisor: finished, caddy: edge, new: app, old: retired, job: noJob },
    },
  ],
};
