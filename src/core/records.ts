/**
 * The records that `hop3d` writes and the supervisor reads. They are the only commands the supervisor ever runs for
 * an app, and it looks them up by app name and number, never by a path from a caller.
 *
 *   apps/<app>/builds/<n>/build.json       how build n is made; the tree is beside it, in `tree/`
 *   apps/<app>/releases/<n>/release.json   what release n runs; written once, then read-only
 *   apps/<app>/sessions/<n>/session.json   a one-off command or terminal, until it has been started
 *
 * Environment values are sealed (core/sealed.ts) with the master key, so that a record at rest shows no secret.
 */
import type { AppLimits } from "./app-limits.ts";
import type { VolumeSpec } from "./volume.ts";

/** A command of the app, run by `/bin/sh -c` as the app's user with the record's environment. */
export type ShellCommand = string;

export type BuildStep = {
  /** Shown in the build output, for example `uv sync`. Also the step's name in errors. */
  readonly name: string;
  /** An argv array; steps of the user's own (`[build] build`) are `["/bin/sh", "-c", line]`. */
  readonly argv: readonly string[];
  /** Where it runs, relative to `tree/`; `.` for its root. */
  readonly cwd: string;
  /** Seconds before it is killed with its whole tree. */
  readonly timeout: number;
  /** The error code when it fails, if a better one than BUILD_FAILED is known. */
  readonly failure?: "LOCK_MISMATCH" | "RUNTIME_MISSING";
  /** `failure` holds only when the output's last lines contain this; another failure is BUILD_FAILED. */
  readonly failureText?: string;
};

export type BuildRecord = {
  readonly version: 1;
  readonly app: string;
  readonly build: number;
  readonly steps: readonly BuildStep[];
  /** No step reaches a network. Records of earlier versions, and of apps that do not ask for it, have none. */
  readonly network?: false;
  /** What the build may take. Records of earlier versions, and of apps that say nothing of it, have none. */
  readonly limits?: AppLimits;
  /** Sealed JSON object of the environment of every step. */
  readonly env: string;
};

export const restartPolicies = ["always", "on_failure", "never"] as const;
/**
 * Which ends of a process the supervisor answers with a restart: every one, all but exit 0, or none. A start of the
 * server, a deploy or a person starts it all the same.
 */
export type RestartPolicy = (typeof restartPolicies)[number];

export type ProcessSpec = {
  readonly command: ShellCommand;
  /** How many instances to run; 0 is allowed. */
  readonly count: number;
  /** `http`: serves requests, gets $PORT and $HOP3_SOCKET and must listen on one of them. `none`: a plain daemon. */
  readonly listens: "http" | "none";
  /** Seconds that it may take to listen (http) or must stay up (none, at most 1 s of it). */
  readonly startTimeout: number;
  /** Seconds between TERM and KILL. */
  readonly stopTimeout: number;
  /** `always` where none is given. */
  readonly restart?: RestartPolicy;
};

/** What a run that is due finds when the one before has not ended: `forbid` skips it, `allow` begins beside, `replace` ends the old one. */
export const cronOverlaps = ["forbid", "allow", "replace"] as const;

export type CronSpec = {
  /** As a process type; unique in the release. */
  readonly name: string;
  /** core/cron-schedule.ts. */
  readonly schedule: string;
  /** IANA name. */
  readonly timeZone: string;
  readonly command: ShellCommand;
  readonly overlap: (typeof cronOverlaps)[number];
  /** Seconds before a run is killed with its whole tree. */
  readonly timeout: number;
};

export type ReleaseRecord = {
  readonly version: 1;
  readonly app: string;
  readonly release: number;
  /** The build whose tree it runs. */
  readonly build: number;
  /** ISO time. */
  readonly createdAt: string;
  /** The working directory of every process, relative to the tree. */
  readonly cwd: string;
  readonly processes: Readonly<Record<string, ProcessSpec>>;
  /** Commands that run once before the release starts, in this order: `prerun`, then `release`. */
  readonly hooks: readonly { readonly name: string; readonly command: ShellCommand; readonly timeout: number }[];
  /** The health command, run while a deploy asks whether the release is well. Records of earlier versions have none. */
  readonly probe?: { readonly command: ShellCommand; readonly timeout: number };
  /** What runs by the clock while this release is the live one. Records of earlier versions have none. */
  readonly cron?: readonly CronSpec[];
  /** Seen by all that runs of it; targets relative to the tree, where the build has made links. Records of earlier versions have none. */
  readonly volumes?: readonly VolumeSpec[];
  /** What the app may take. Records of earlier versions, and of apps that say nothing of it, have none. */
  readonly limits?: AppLimits;
  /** Sealed JSON object of the environment, without what the supervisor adds for each instance (PORT, HOP3_SOCKET, PROC_TYPE). */
  readonly env: string;
};

export type SessionRecord = {
  readonly version: 1;
  readonly app: string;
  readonly session: number;
  /** The release in whose tree and environment it runs. */
  readonly release: number;
  /** The first size of its terminal; null for none. */
  readonly terminal: { readonly columns: number; readonly rows: number } | null;
  /** Seconds after which it is ended. */
  readonly timeout: number;
  /** Sealed SessionSecrets: what a person types may hold a secret. */
  readonly sealed: string;
};

export type SessionSecrets = {
  readonly argv: readonly string[];
  /** Beside the release's environment, and before it. */
  readonly env: Readonly<Record<string, string>>;
  /** What the client of the session process says first. */
  readonly token: string;
};
