/**
 * The supervisor: the process manager, and in system mode the only privileged process. It owns every process of an app,
 * Caddy and `hop3d`, the desired state, the slot files, the logs of processes. It must not know what a deploy, a database
 * or a user is, nor more of HTTP than the fence (fence.ts), imports no npm package, and trusts nobody: docs/security/supervisor.md.
 *
 * Killing it kills nothing that it started; the next one takes over what runs.
 */
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import { socketPathMax, type Layout } from "#core/layout.ts";
import type { MasterKey } from "#core/sealed.ts";
import type { Clock } from "#sys/clock.ts";
import { adoptApps, adoptServices } from "./adopt.ts";
import { plainFiles } from "./app-files.ts";
import { Apps } from "./apps.ts";
import { replaceFile } from "./atomic-file.ts";
import { wallClock } from "./clock.ts";
import { Cron } from "./cron/cron.ts";
import { keepDisks } from "./disk/keep-disks.ts";
import { loadDesired } from "./desired.ts";
import { openFence } from "./fence.ts";
import { usageCounter } from "./disk/app-usage.ts";
import { hostTool } from "./host-tool.ts";
import { newId } from "./id.ts";
import { Jobs } from "./job.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { takeLock } from "./lock.ts";
import { isUnderWay, keepLogsWithin } from "./log-budget.ts";
import { LogCompressor } from "./log-compressor.ts";
import type { LogPlace } from "./log-files.ts";
import { readMemory, type Memory } from "./memory.ts";
import { LAUNCHER_SCRIPT } from "./output/launcher.ts";
import { readBootId } from "./output/status-file.ts";
import { sampler, type Sampled } from "./metrics.ts";
import { openOwnLog, type OwnLog } from "./own-log.ts";
import { prepareStart } from "./prepare.ts";
import { listen } from "./server.ts";
import { Sessions, type SessionCommand } from "./sessions.ts";
import { Services, type ServiceDefinition } from "./services.ts";
import { defaultTiming, type Timing } from "./supervised-options.ts";
import type { Supervised } from "./supervised.ts";
import type { System } from "./system.ts";
import type { PortRange } from "./walls/port-range.ts";
import { serveVerb } from "./verbs.ts";

export type SupervisorOptions = {
  readonly layout: Layout;
  readonly mode: "user" | "system";
  readonly version: string;
  /** Reads the master key; asked whenever a record is opened. */
  readonly masterKey: () => MasterKey;
  readonly services: readonly ServiceDefinition[];
  /** How a session process is started. */
  readonly session: SessionCommand;
  /** What system mode knows of its host, opened under the lock. */
  readonly system?: (log: OwnLog, ports: PortRange) => Promise<System>;
  /** The group that may connect, which is `hop3d`'s in system mode; else nobody but our own user. */
  readonly socketGroup?: number;
  readonly clock?: Clock;
  readonly limits?: Partial<Limits>;
  readonly timing?: Partial<Timing>;
  /** The host's memory as it is now; nothing is kept warm when it is short. */
  readonly memory?: () => Memory;
  /** Called at each step that changes state; tests die there. */
  readonly fault?: (point: string) => void;
};

/** Starts and restores everything; resolves when requests are served. `stop` leaves no process, and forgets nothing. */
export async function startSupervisor(options: SupervisorOptions): Promise<{ stop(): Promise<void> }> {
  if (options.mode === "system" && options.system === undefined)
    throw new AppError("NOT_BUILT_YET", "The supervisor's system mode is not built yet.");
  const { layout, clock = wallClock, fault = () => undefined } = options;
  refuseLongSockets(layout);
  makeDirectories(layout, options.mode);
  const lock = takeLock(join(layout.supervisor, "lock"), "A supervisor of this root");
  try {
    return await start(options, clock, fault, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function start(
  options: SupervisorOptions,
  clock: Clock,
  fault: (point: string) => void,
  lock: { release(): void },
): Promise<{ stop(): Promise<void> }> {
  const { layout } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const timing = { ...defaultTiming, ...options.timing };
  const log = openOwnLog(join(layout.logs, "supervisor.log"), clock);
  const { desired, known } = loadDesired(layout.desiredState, clock.now(), log);
  const launcherScript = join(layout.supervisor, "launcher.sh");
  // By rename: shells that run the old one go on reading it.
  replaceFile(launcherScript, LAUNCHER_SCRIPT);
  const bootId = readBootId();
  const isInUse = (logs: LogPlace, name: string) => isUnderWay(layout, name) || cron.writes(logs, name);
  const compressor = new LogCompressor({ clock, isInUse, log, fault });
  const tidyLogs = (logs: LogPlace): void => {
    const budget = logs.root === layout.logs ? limits.serviceLogBytes : limits.appLogBytes;
    keepLogsWithin(logs, budget, (name) => isInUse(logs, name), log);
    compressor.look(logs);
  };
  const system = await options.system?.(log, limits.ports);
  const run = { clock, bootId, launcherScript, log, tidyLogs, system };
  const records = { apps: layout.apps, limits, masterKey: options.masterKey };
  const fence = openFence(layout, clock, () => (services.running.get("caddy")?.pid ?? null) !== null);
  const apps = new Apps(desired, {
    layout,
    clock,
    timing,
    limits,
    records,
    run,
    prepare: prepareStart,
    log,
    fence,
    memory: options.memory ?? readMemory,
    fault,
  });
  const services = new Services(options.services, layout, { clock, timing, run, fence, fault, log });
  const jobsIn = (directory: string) =>
    new Jobs({ directory, clock, bootId, newId: () => newId(() => false), system, fault });
  const jobs = jobsIn(join(layout.supervisor, "jobs"));
  const cronDirectory = join(layout.supervisor, "cron");
  const cron = new Cron(apps, jobsIn(join(layout.supervisor, "cron-jobs")), cronDirectory);
  const sessions = new Sessions({
    directory: join(layout.supervisor, "sessions"),
    sockets: layout.sessionSockets,
    command: options.session,
    limits,
    clock,
    bootId,
    newId: () => newId(() => false),
    log,
    system,
    fault,
  });

  log("starts", { pid: process.pid, apps: apps.names().length });
  await jobs.recover();
  await sessions.recover();
  const closing = new AbortController();
  await adoptServices(options.services, services, apps, sessions, closing.signal);
  await adoptApps(apps, known);
  await cron.recover(known);
  const sampled = (all: Iterable<readonly [string, Supervised]>): Sampled[] =>
    [...all].flatMap(([id, { pid, run: one }]) =>
      pid === null || one === undefined
        ? []
        : [{ id, marked: one.marked, memoryLimit: one.about.cgroup?.memory ?? null }],
    );
  const metrics = sampler({
    instances: () => sampled([...apps.running.values()].map((one) => [one.id, one])),
    services: () => sampled(services.running),
    startsWaiting: () => apps.startsWaiting,
    elapsed: () => clock.elapsed(),
  });
  const disks = system === undefined ? undefined : await keepDisks(apps, system, { jobs, cron, sessions }, hostTool);
  const context = {
    apps,
    files: system?.area ?? plainFiles(layout, hostTool),
    usage: usageCounter(layout, hostTool),
    tool: hostTool,
    services,
    jobs,
    cron,
    metrics,
    sessions,
    disks,
    mode: options.mode,
    version: options.version,
  };
  const server = await listen({
    socket: layout.supervisorSocket,
    access: options.socketGroup === undefined ? { mode: 0o600 } : { mode: 0o660, group: options.socketGroup },
    limits,
    clock,
    serve: (verb, args) => serveVerb(verb, args, context),
    log,
  });
  // Last: `hop3d` finds its socket there.
  for (const service of services.running.values()) service.dispatch("begin");
  cron.begin();
  const watching = new AbortController();
  void disks?.watch(watching.signal);
  for (const name of apps.names()) compressor.look({ root: layout.apps, below: [name, "log"] });
  compressor.look({ root: layout.logs, below: [] });
  log("serves", { socket: layout.supervisorSocket });

  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    log("stops");
    apps.closing = true;
    closing.abort();
    watching.abort();
    await end(clock, services.running.get("hop3d"));
    await server.close();
    await Promise.all([jobs.cancelAll(), cron.stop(), sessions.endAll()]);
    await end(clock, ...apps.running.values());
    await end(clock, services.running.get("caddy"));
    await compressor.stop();
    system?.close();
    lock.release();
    log("stopped");
  };
  return { stop: () => (stopping ??= stop()) };
}

async function end(clock: Clock, ...all: readonly (Supervised | undefined)[]): Promise<void> {
  const found = all.filter((one) => one !== undefined);
  for (const one of found) one.dispatch("stop");
  while (found.some((one) => one.state !== "gone")) await clock.sleep(20);
}

/** In system mode they are there already, with owners (server-folders.ts); what is there keeps its modes. */
function makeDirectories(layout: Layout, mode: "user" | "system"): void {
  for (const path of [layout.root, layout.run, layout.supervisor, layout.instanceSockets, layout.edgeSockets]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  }
  for (const path of [layout.apps, layout.logs, layout.edge]) mkdirSync(path, { recursive: true, mode: 0o750 });
  if (mode === "system") return;
  chmodSync(layout.supervisor, 0o700);
  chmodSync(layout.instanceSockets, 0o700);
}

function refuseLongSockets(layout: Layout): void {
  for (const path of [
    layout.supervisorSocket,
    layout.caddyAdminSocket,
    `${layout.instanceSockets}/00000000/s.sock`,
    `${layout.sessionSockets}/00000000/s.sock`,
  ]) {
    const length = Buffer.byteLength(path);
    if (length <= socketPathMax) continue;
    throw new AppError("INVALID_INPUT", `The socket path ${path} has ${length} bytes; Linux takes ${socketPathMax}.`, {
      hint: "Choose a shorter run directory.",
    });
  }
}
