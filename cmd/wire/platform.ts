/** Makes the platform of a real server from its settings. */
import { statfs } from "node:fs/promises";
import type { Tools } from "#sys/tools.ts";
import { builders, proxies } from "#plugins/index.ts";
import { createAppQueue } from "#paas/app-queue.ts";
import { createDisk } from "#paas/disk/disk.ts";
import { createBuildTurns } from "#paas/build-turns.ts";
import { receiveLimits } from "#paas/deploy/receive.ts";
import { createDeploysUnderWay } from "#paas/deploy/under-way.ts";
import type { Platform } from "#paas/platform.ts";
import { createSessions } from "#paas/open-sessions.ts";
import { createSignals } from "#paas/signals.ts";
import { checkMasterKey } from "#store/key-check.ts";
import { openStore } from "#store/open.ts";
import { connectSupervisor } from "#supervisor/client.ts";
import { systemClock, type Clock } from "#sys/clock.ts";
import { exec } from "#sys/exec.ts";
import type { Log } from "#sys/log.ts";
import { loadMasterKey } from "#sys/master-key.ts";
import { AppError } from "#core/errors.ts";
import type { ServerSettings } from "./settings.ts";

/** Seconds; of a drain, unless said otherwise. */
export const standardDrainSeconds = 30;

export type PlatformInput = {
  readonly settings: ServerSettings;
  readonly tools: Tools;
  /** Environment of trusted tools. */
  readonly toolEnv: Readonly<Record<string, string>>;
  readonly version: string;
  readonly log: Log;
  readonly stopping: AbortSignal;
  /** Make the database where there is none. */
  readonly mayCreate: boolean;
  readonly fault?: Platform["fault"];
  readonly clock?: Clock;
  /** Seconds that connections of a leaving instance may take. */
  readonly drainSeconds?: number;
};

export async function makePlatform({
  settings,
  tools,
  toolEnv,
  version,
  log,
  stopping,
  mayCreate,
  fault = async () => undefined,
  drainSeconds = standardDrainSeconds,
  clock = systemClock,
}: PlatformInput): Promise<Platform> {
  const { layout, postgresUri } = settings;
  const proxy = proxies.find(({ name }) => name === "caddy");
  if (proxy === undefined) throw new AppError("PLUGIN_FAILED", "No plugin offers the proxy caddy.");
  const store = await openStore({
    ...(postgresUri === undefined ? {} : { url: postgresUri }),
    file: layout.database,
    mayCreate,
    clock,
  });
  const masterKey = await loadMasterKey(layout.masterKey);
  // A lost key file must not be replaced by a new one while the database holds values sealed with the old.
  await checkMasterKey(store, masterKey);
  const queue = createAppQueue();
  const supervisor = connectSupervisor(layout.supervisorSocket);
  const usage = (app: string) => supervisor.call("app.usage", { app }, { signal: stopping });
  return {
    version,
    mode: settings.mode,
    layout,
    store,
    masterKey,
    supervisor,
    builders,
    proxy,
    edge: edgeSettings(settings),
    baseDomain: settings.baseDomain,
    apiUrl: `http://127.0.0.1:${settings.apiPort}`,
    startedAt: new Date(clock.now()).toISOString(),
    tools,
    exec: (argv, options = {}) => exec(argv, { signal: stopping, ...options, env: { ...toolEnv, ...options.env } }),
    limits: { upload: receiveLimits, drainSeconds },
    queue,
    disk: createDisk({
      layout,
      clock,
      queue,
      stopping,
      statfs: () => statfs(layout.root),
      ...(settings.mode === "system" ? { usage } : {}),
    }),
    deploys: createDeploysUnderWay(stopping),
    builds: createBuildTurns(settings.builds),
    sessions: createSessions(),
    signals: createSignals(),
    clock,
    log,
    stopping,
    fault,
  };
}

export function edgeSettings({
  layout,
  httpPort,
  https,
  adminDomain,
}: Pick<ServerSettings, "layout" | "httpPort" | "https" | "adminDomain">): Platform["edge"] {
  return {
    adminSocket: layout.caddyAdminSocket,
    fenceSocket: layout.fenceSocket,
    fenceFile: layout.fenceFile,
    storage: layout.edgeStorage,
    httpPort,
    ...(https === undefined ? {} : { https }),
    ...(adminDomain === undefined ? {} : { admin: { domain: adminDomain, socket: layout.apiSocket } }),
  };
}
