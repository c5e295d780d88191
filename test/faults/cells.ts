/**
 * The fault matrix as data: every step of a deploy, and of what else makes a release, x every process that may be killed in
 * it, and what must come of it. A step has one moment or more; a cell without its process says why, and that is looked into
 * like everything else.
 */
import { deployStep, type DeployStep } from "#core/api/deploys.ts";
import {
  app,
  edge,
  finished,
  interrupted,
  never,
  noJob,
  noProcess,
  notYet,
  retired,
  undone,
  undoneMissing,
  type Moment,
} from "./kills.ts";

const deploy: Readonly<Record<DeployStep, readonly [Moment, ...Moment[]]>> = {
  receive: [
    {
      point: "after:receive",
      says: "the upload is on the disk and not taken yet",
      cells: {
        hop3d: never,
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

/** From the start of the new instance on, whatever the release is made from. */
const fromStart = {
  start: deploy.start,
  probe: deploy.probe,
  "cut-over": deploy["cut-over"],
  drain: deploy.drain,
  retire: deploy.retire,
};

/** What makes a release of what is built already: its steps begin with the release's own, and run no hook. */
const ofBuild = {
  release: [
    {
      point: "within:release",
      says: "the new release is written down, nothing of it runs",
      cells: { hop3d: interrupted, supervisor: finished, caddy: edge, new: notYet, old: app, job: noJob },
    },
  ],
  ...fromStart,
} satisfies Partial<Record<DeployStep, readonly Moment[]>>;

/** What is killed as the new instance is the kept one: it runs all along, and whoever needs it finds out that it does not. */
const kept: Readonly<Partial<Record<DeployStep, readonly Moment[]>>> = {
  release: [
    {
      point: "within:release",
      says: "the new release is written down, the kept instance is in no slot",
      cells: { hop3d: interrupted, supervisor: finished, caddy: edge, new: finished, old: app, job: noJob },
    },
  ],
  start: [
    {
      point: "before:start",
      says: "the kept instance is about to be taken over; when it is dead, one is started",
      cells: { hop3d: interrupted, supervisor: finished, caddy: edge, new: finished, old: app, job: noJob },
    },
    {
      point: "after:start",
      says: "the kept instance is the new release's",
      cells: { hop3d: interrupted, supervisor: finished, caddy: edge, new: undone("APP_EXITED"), old: app, job: noJob },
    },
  ],
  probe: [{ ...deploy.probe[0], says: "the kept instance is about to answer the probe" }],
  "cut-over": deploy["cut-over"],
  drain: deploy.drain,
  retire: [
    {
      point: "before:retire",
      says: "the old instance is kept now",
      cells: { ...deploy.retire[0].cells, old: finished },
    },
  ],
};

const served = { supervisor: finished, caddy: edge, new: noProcess, old: noProcess, job: noProcess };

const site: Readonly<Partial<Record<DeployStep, readonly Moment[]>>> = {
  receive: [{ point: "after:receive", says: deploy.receive[0].says, cells: { hop3d: never, ...served } }],
  detect: [{ point: "after:detect", says: deploy.detect[0].says, cells: { hop3d: interrupted, ...served } }],
  build: [
    {
      point: "after:build",
      says: "the tree is sealed, the step not ended",
      cells: { hop3d: interrupted, ...served },
    },
  ],
  release: [
    {
      point: "within:release",
      says: "the new release is written down",
      cells: { hop3d: interrupted, ...served },
    },
  ],
  "cut-over": [
    {
      point: "before:cut-over",
      says: "the edge serves the old tree; from here on it is finished, not undone",
      cells: { hop3d: finished, ...served },
    },
    {
      point: "within:cut-over",
      says: "as above, once more: for a site the supervisor has nothing to do in between",
      cells: { hop3d: finished, ...served },
    },
  ],
  drain: [{ point: "before:drain", says: "the edge serves the new tree", cells: { hop3d: finished, ...served } }],
  retire: [
    {
      point: "before:retire",
      says: "the old tree is not needed any more",
      cells: { hop3d: finished, ...served },
    },
  ],
};

const canceled: Readonly<Partial<Record<DeployStep, readonly Moment[]>>> = {
  build: [
    {
      point: "before:build",
      says: "the cancel is accepted, the build not begun",
      canceled: "before the kill",
      cells: {
        hop3d: undone("CANCELED"),
        supervisor: undone("CANCELED"),
        caddy: undoneMissing("edge", "CANCELED"),
        new: notYet,
        old: undoneMissing("app", "CANCELED"),
        job: noJob,
      },
    },
    {
      point: "app:build",
      says: "the build runs; the cancel comes with the kill",
      canceled: "with the kill",
      cells: {
        hop3d: undone("UNAVAILABLE", "CANCELED"),
        supervisor: undone("CANCELED", "BUILD_FAILED", "UNAVAILABLE"),
        caddy: undoneMissing("edge", "CANCELED"),
        new: notYet,
        old: undoneMissing("app", "CANCELED"),
        job: undone("CANCELED", "BUILD_FAILED"),
      },
    },
  ],
};

export type Row = { readonly step: DeployStep; readonly moment: Moment };

const rows = (steps: Readonly<Partial<Record<DeployStep, readonly Moment[]>>>): readonly Row[] =>
  deployStep.options.flatMap((step) => (steps[step] ?? []).map((moment) => ({ step, moment })));

/** Each way to a release, or to none, with what a reader calls it. */
export const tables = {
  deploy: { says: "A deploy", rows: rows(deploy) },
  rollback: { says: "A rollback", rows: rows(ofBuild) },
  warm: { says: "A rollback to an instance that is kept warm", rows: rows(kept) },
  variables: { says: "A change of variables", rows: rows(ofBuild) },
  tcp: { says: "A deploy of an app on a TCP port", rows: rows(fromStart) },
  site: { says: "A deploy of a static site", rows: rows(site) },
  cancel: { says: "A deploy that is canceled", rows: rows(canceled) },
} as const satisfies Record<string, { says: string; rows: readonly Row[] }>;
export type Way = keyof typeof tables;
export const ways = Object.keys(tables) as readonly Way[];
