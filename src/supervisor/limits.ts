import { cronTimeoutMax, instancesMax, probeTimeoutMax, sessionTimeoutMax, startTimeoutMax } from "#core/limits.ts";

/** Ceilings that no record and no request can raise. In system mode they come from a root-owned file. */
export type Limits = {
  readonly apps: number;
  /** Instances of one process type of a release. */
  readonly perType: number;
  /** Process types, and hooks, of a release; steps of a build. More than an app may name (core/limits.ts): builders add their own. */
  readonly perRecord: number;
  /** Instances of all apps together, leaving ones included. */
  readonly instances: number;
  /** Seconds, as the one below. */
  readonly startTimeout: number;
  readonly stopTimeout: number;
  /** Seconds of a build step or hook. */
  readonly jobTimeout: number;
  /** Seconds of a health command. */
  readonly probeTimeout: number;
  /** Seconds of a run of a cron job. */
  readonly cronTimeout: number;
  /** Bytes of output of one run of a cron job; what comes after is kept only of the end. */
  readonly cronLogBytes: number;
  /** Sessions (one-off commands and terminals) of all apps together, and of one. */
  readonly sessions: number;
  readonly sessionsPerApp: number;
  /** Seconds of a session. */
  readonly sessionTimeout: number;
  /** Seconds that a verb may drain or wait. */
  readonly wait: number;
  /** Bytes of a record file. */
  readonly recordBytes: number;
  /** Bytes of one command line. */
  readonly commandBytes: number;
  /** Bytes of an app's build cache: package tools only ever add to theirs. */
  readonly cacheBytes: number;
  /** Bytes of a build log. */
  readonly buildLogBytes: number;
  /** Bytes of the logs of an app's processes together, and of hop3d's and Caddy's. */
  readonly appLogBytes: number;
  readonly serviceLogBytes: number;
  readonly ports: { readonly first: number; readonly last: number };
  /** Requests a second over all connections, and how many may come at once. */
  readonly rate: { readonly perSecond: number; readonly burst: number };
  readonly connections: number;
  /** Requests of one connection that are being served. */
  readonly pending: number;
};

export const defaultLimits: Limits = {
  apps: 500,
  perType: instancesMax,
  perRecord: 64,
  instances: 1000,
  startTimeout: startTimeoutMax,
  stopTimeout: 300,
  jobTimeout: 3600,
  probeTimeout: probeTimeoutMax,
  cronTimeout: cronTimeoutMax,
  cronLogBytes: 1024 * 1024,
  sessions: 128,
  sessionsPerApp: 32,
  sessionTimeout: sessionTimeoutMax,
  wait: 3600,
  recordBytes: 1024 * 1024,
  commandBytes: 64 * 1024,
  cacheBytes: 2 * 1024 ** 3,
  buildLogBytes: 64 * 1024 * 1024,
  appLogBytes: 512 * 1024 * 1024,
  serviceLogBytes: 256 * 1024 * 1024,
  ports: { first: 20_000, last: 29_999 },
  rate: { perSecond: 100, burst: 400 },
  connections: 16,
  pending: 128,
};
