/**
 * What every use case of the platform is handed. Made once by the composition root; tests make their own.
 * Use cases know no HTTP and no command line, and never run an app's code: that goes through `supervisor`.
 */
import type { Layout } from "#core/layout.ts";
import type { Builder, EdgeSettings, PluginContext, Proxy } from "#core/plugin.ts";
import type { MasterKey } from "#core/sealed.ts";
import type { Store } from "#store/db.ts";
import type { SupervisorClient } from "#supervisor/client.ts";
import type { Clock } from "#sys/clock.ts";
import type { Log } from "#sys/log.ts";
import type { AppQueue } from "./app-queue.ts";
import type { BuildTurns } from "./build-turns.ts";
import type { Disk } from "./disk/disk.ts";
import type { ReceiveLimits } from "./deploy/receive.ts";
import type { DeploysUnderWay } from "./deploy/under-way.ts";
import type { Sessions } from "./open-sessions.ts";
import type { Signals } from "./signals.ts";

export type Platform = {
  readonly version: string;
  readonly mode: "user" | "system";
  readonly layout: Layout;
  readonly store: Store;
  readonly masterKey: MasterKey;
  readonly supervisor: SupervisorClient;
  readonly builders: readonly Builder[];
  readonly proxy: Proxy;
  readonly edge: EdgeSettings;
  /** Apps answer at `<app>.<baseDomain>` besides their own domains. */
  readonly baseDomain: string;
  /** URL of the HTTP API, for people. */
  readonly apiUrl: string;
  readonly startedAt: string;
  readonly tools: PluginContext["tools"];
  readonly exec: PluginContext["exec"];
  readonly disk: Disk;
  readonly limits: { readonly upload: ReceiveLimits; readonly drainSeconds: number };
  readonly queue: AppQueue;
  /** The deploys that have not ended, for who wants to cancel one. */
  readonly deploys: DeploysUnderWay;
  readonly builds: BuildTurns;
  /** One-off commands and terminals. */
  readonly sessions: Sessions;
  /** Wakes those who follow a deploy. */
  readonly signals: Signals;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborted when hop3d is asked to stop. */
  readonly stopping: AbortSignal;
  /** Awaited where a crash would leave a deploy half done; a real server does nothing here, tests hold or die. */
  readonly fault: (point: string) => Promise<void>;
};
