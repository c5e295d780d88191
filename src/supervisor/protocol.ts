/**
 * What is said on the supervisor's socket: one JSON object a line, a request and its answer share an `id`.
 * Every verb names an app, a number and a process type; no verb takes a path, a uid, an environment or a command.
 */
import type { CronSpec } from "#core/records.ts";
import type { AppUsage } from "./disk/app-usage.ts";
import type { HostStatus } from "./host-facts.ts";
import type { InstanceState } from "./instance.ts";

export const protocolVersion = 1;

/** Longest request line in bytes; a longer one ends the connection. */
export const requestMax = 16 * 1024;

export type Verbs = {
  /** First thing on a connection. */
  hello: {
    args: { protocol: number };
    result: { protocol: number; version: string; mode: "user" | "system"; pid: number };
  };
  status: { args: Record<string, never>; result: SupervisorStatus };
  /** What this host and mode hold apps to, as of now. */
  host: { args: Record<string, never>; result: HostStatus };
  /** What runs takes, as of at most a second ago. */
  metrics: { args: Record<string, never>; result: Metrics };
  /** Makes what an app has from its first day: directories, and in system mode a user, a cgroup and its place in the rules. */
  "app.make": { args: { app: string }; result: Record<string, never> };
  /** What the app takes of the disk, counted now. Those who ask meanwhile hear the same. */
  "app.usage": { args: { app: string }; result: AppUsage };
  /** Removes all of an app that was forgotten, or never started. */
  "app.remove": { args: { app: string }; result: Record<string, never> };
  /** Makes the directory of a build, to which `hop3d` adds its record and the upload (`upload/`). */
  "build.make": { args: { app: string; build: number }; result: Record<string, never> };
  /** Makes the build's tree of the upload, which is left to `hop3d` to remove where it was copied. */
  "build.take": { args: { app: string; build: number }; result: Record<string, never> };
  /** Closes the tree for writing and opens it for reading. */
  "build.seal": { args: { app: string; build: number }; result: Record<string, never> };
  /** Removes a build whole, or but for `build.log` and `hop3d`'s own. Refused while a release of it runs. */
  "build.remove": { args: { app: string; build: number; keepOutput: boolean }; result: Record<string, never> };
  /** Empties the app's build cache when it has grown too large, and says so in the build's output. */
  "build.trim-cache": { args: { app: string; build: number }; result: { emptied: boolean } };
  /**
   * Runs step `step` of build `build` (its argv, from build.json); output goes to build.log, stamped.
   * Answers when it has ended. One job an app and kind at a time.
   */
  "build.step": { args: { app: string; build: number; step: number }; result: JobResult };
  /** Runs hook `hook` (index) of release `release`, once, as the app; output goes on in the build.log of the release's build. */
  "release.hook": { args: { app: string; release: number; hook: number }; result: JobResult };
  /**
   * Makes volume `volume` (index) of release `release` ready, filled with what its build has shipped when it is new; to be
   * asked before anything of the release runs. `refused`: why this server cannot have it. `output`: as of a ProbeResult.
   */
  "release.volume": { args: { app: string; release: number; volume: number }; result: VolumeResult };
  /** Kills the app's running job with its whole tree; true when there was one. */
  "job.cancel": { args: { app: string }; result: { canceled: boolean } };
  /**
   * Starts a release's processes beside what runs; counts not given come from the record. Instances that are kept warm and
   * run the very same thing become its own, ready at once. Answers at once.
   */
  "app.start": { args: { app: string; release: number; counts?: Record<string, number> }; result: AppStatus };
  /** Answers when every instance of the release is ready, one failed, or `timeout` seconds passed. */
  "app.await": {
    args: { app: string; release: number; timeout: number };
    result: { ready: boolean; status: AppStatus };
  };
  /**
   * Runs the release's health command once, as the app, with the environment of one of its instances; without any it gets
   * no address. Answers when it has ended; the end of its output is in the answer alone. One an instance at a time.
   */
  "app.probe": { args: { app: string; release: number; instance: string | null }; result: ProbeResult };
  /**
   * Makes the release the live one, of all process types at once: writes all slots to its web instances. Refused when any
   * of its instances is not ready.
   */
  "app.cutover": { args: { app: string; release: number }; result: AppStatus };
  /**
   * Stops a release that is not live: waits until it has no connection or `drain` seconds passed, then TERM, KILL. Its web
   * instances that have no connection any more are kept warm instead until `warm` seconds (0: none) from now have passed,
   * and those of an earlier release no more. Answers when all else of it is gone.
   */
  "app.retire": { args: { app: string; release: number; drain: number; warm: number }; result: AppStatus };
  /** Sets instance counts of the live release, draining what goes. Answers when done; `ready` as of app.await for what came. */
  "app.scale": {
    args: { app: string; counts: Record<string, number>; drain: number; timeout: number };
    result: { ready: boolean; status: AppStatus };
  };
  /** Stops all of the app; it stays known and stays stopped over a restart of the supervisor. */
  "app.stop": { args: { app: string }; result: AppStatus };
  /** Starts a stopped app's live release again, and waits for it as app.await does. */
  "app.resume": { args: { app: string; timeout: number }; result: { ready: boolean; status: AppStatus } };
  /**
   * Starts new instances of the live release beside its own, for one place (`web.2`) or for all; nothing reaches them.
   * Waits for them as app.await does; the status has them alone.
   */
  "app.renew": {
    args: { app: string; place?: { type: string; index: number }; timeout: number };
    result: { ready: boolean; status: AppStatus };
  };
  /** The new instances take their places; the old ones of these places drain and end. Refused when one is not ready. */
  "app.swap": { args: { app: string; drain: number }; result: AppStatus };
  /** Ends new instances that have not taken their places. */
  "app.unrenew": { args: { app: string }; result: AppStatus };
  /**
   * Tries again, at once, what waits or has ended for good of the live release, and counts all its restarts from 0. Answers
   * at once.
   */
  "app.reset": { args: { app: string }; result: AppStatus };
  /** Stops everything of the app and forgets it: slots, sockets, instance directories. */
  "app.forget": { args: { app: string }; result: Record<string, never> };
  /** The cron jobs of the live release. */
  "cron.list": { args: { app: string }; result: { jobs: readonly CronJobStatus[] } };
  /** What became of a job's runs, the newest first; also of a job that the live release has no more. */
  "cron.history": { args: { app: string; job: string }; result: { runs: readonly CronRunStatus[] } };
  /** Starts a run now, before what waits for its turn. Refused where the job's overlap forbids it. Answers at once. */
  "cron.start": { args: { app: string; job: string }; result: { run: number } };
  /** Answers when the run is over, or `timeout` seconds have passed. */
  "cron.await": {
    args: { app: string; job: string; run: number; timeout: number };
    result: { over: boolean; run: CronRunStatus };
  };
  /**
   * Starts the session process of session `session` of the app, from the record in `sessions/<n>/`. Answers with the socket
   * where it waits for its one client, whose first words are the record's token.
   */
  "session.open": { args: { app: string; session: number }; result: { socket: string } };
  /** For a session whose client has gone: waits a little for it to end by itself, then kills what is left of it. */
  "session.end": { args: { app: string; session: number }; result: { ended: boolean } };
  /** Ends all sessions at once: a `hop3d` that starts knows the clients of none. */
  "session.clear": { args: Record<string, never>; result: { ended: number } };
  /** Restarts hop3d or caddy. */
  "service.restart": { args: { service: ServiceName }; result: Record<string, never> };
};

export type Verb = keyof Verbs;
export type ServiceName = "hop3d" | "caddy";

export type Request = { readonly id: number; readonly verb: string; readonly args: unknown };
export type Answer =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | {
      readonly id: number;
      readonly ok: false;
      readonly error: { readonly code: RefusalCode; readonly message: string };
    };

/** `full`: the disk is, and nothing was changed. `disk`: the app has more on it than it may. `invalid`: malformed or out of bounds. `unknown`: no such app, record or process. `conflict`: not in this state. */
export type RefusalCode = "invalid" | "unknown" | "conflict" | "rate" | "full" | "disk" | "internal";

/**
 * How a job ended. `exit` is 128+n after signal n, 127 when it could not be started, null when it timed out, was
 * canceled or lost.
 */
export type JobResult = {
  readonly exit: number | null;
  readonly timedOut: boolean;
  readonly canceled: boolean;
  /** It was running when the supervisor died, and was killed. Told once, to the next who asks for the same job. */
  readonly lost: boolean;
  readonly seconds: number;
};

/**
 * Of all processes of a run together, since its start. `memoryBytes` is what its cgroup counts, without the files that the
 * kernel may drop; where it has none, resident memory: pages that several share count in each.
 */
export type Usage = {
  readonly processes: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly descriptors: number;
};

export type RunMetrics = Usage & {
  /** An instance's id, or a service's name. */
  readonly id: string;
  /** Null when nobody says, or nobody enforces it. */
  readonly memoryLimitBytes: number | null;
  /** Of its main process; null before that is known. */
  readonly uptimeSeconds: number | null;
};

export type Metrics = {
  /** When it was measured, in seconds from some point on: what lies between two answers is exact. */
  readonly at: number;
  readonly instances: readonly RunMetrics[];
  readonly services: readonly RunMetrics[];
  /** The supervisor's own process. */
  readonly supervisor: Usage & Pick<RunMetrics, "uptimeSeconds">;
  /** Starts that wait for their turn. */
  readonly startsWaiting: number;
};

/** `output`: its last lines, printable and cut to 500 characters, at most 20. */
export type ProbeResult = JobResult & { readonly output: readonly string[] };

export type VolumeResult = ProbeResult & { readonly refused: string | null };

export type CronJobStatus = CronSpec & {
  readonly release: number;
  /** ISO time; null when it never comes, or the app is stopped. */
  readonly next: string | null;
  readonly last: CronRunStatus | null;
};

/**
 * `waiting`: for its turn. `skipped`: it never began. `lost`: the supervisor died over it, and the next one killed it.
 */
export type CronOutcome =
  | "waiting"
  | "running"
  | "succeeded"
  | "failed"
  | "timed-out"
  | "canceled"
  | "skipped"
  | "lost";

/** What became of one run of a cron job. */
export type CronRun<Time> = {
  /** Unique in the app, growing. */
  readonly run: number;
  /** The release that it ran of; null before its start. */
  readonly release: number | null;
  readonly trigger: "schedule" | "manual";
  /** When it should have begun. */
  readonly due: Time;
  readonly startedAt: Time | null;
  readonly endedAt: Time | null;
  readonly outcome: CronOutcome;
  /** As of a JobResult; null unless it ended by itself. */
  readonly exit: number | null;
  /** How many due times in a row it stands for: those that are skipped are one. */
  readonly times: number;
  /** Why it did not end by itself, or did not begin; for people. */
  readonly reason: string | null;
};

/** Times are ISO. */
export type CronRunStatus = CronRun<string> & { readonly job: string };

export type InstanceStatus = {
  /** Short id, unique while it exists; names its socket directory. */
  readonly id: string;
  readonly release: number;
  readonly type: string;
  /** 1-based among its type, as in `web.1`. */
  readonly index: number;
  readonly state: InstanceState;
  /** False until its release, or it in the place of another, was made to serve. */
  readonly proven: boolean;
  readonly pid: number | null;
  /** `unix//run/.../s.sock` or `127.0.0.1:20001`, once it listens (the form that the edge dials). */
  readonly address: string | null;
  /** ISO time of the last change of state. */
  readonly since: string;
  readonly restarts: number;
  /** Restarts in a row, without a sustained run between or after them. */
  readonly restartsInARow: number;
  /** How many of its processes the kernel has ended because memory was used up; since it, or the supervisor, was started. */
  readonly outOfMemory: number;
  /** `exit 1`, `exit 143 or signal TERM`; null when it never ended. */
  readonly lastExit: string | null;
  /** Why its first try failed: it ended by itself, or it did not get ready in time; null unless it failed. */
  readonly failure: "exited" | "not-ready" | null;
  /** ISO time of the next try, while it waits for that. */
  readonly retryAt: string | null;
};

export type AppStatus = {
  readonly app: string;
  readonly live: number | null;
  readonly stopped: boolean;
  /** Why it was stopped and may not run, by itself as it is: it has too much on the disk. In the verb `status` alone. */
  readonly held?: string;
  readonly instances: readonly InstanceStatus[];
};

export type ServiceStatus = {
  readonly name: ServiceName;
  readonly state: InstanceState;
  readonly pid: number | null;
  readonly since: string;
  readonly restarts: number;
};

export type SupervisorStatus = { readonly services: readonly ServiceStatus[]; readonly apps: readonly AppStatus[] };
