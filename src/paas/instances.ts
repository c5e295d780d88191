/** Everything that runs on the server, and what it takes: one look for all apps. */
import { availableParallelism, freemem, loadavg, totalmem, uptime } from "node:os";
import { readFile } from "node:fs/promises";
import type { InstanceList } from "#core/api/instances.ts";
import type { Metrics, SupervisorStatus } from "#supervisor/protocol.ts";
import type { Platform } from "./platform.ts";
import { instanceView } from "./processes.ts";

export type Looked = { readonly status: SupervisorStatus; readonly metrics: Metrics };

export async function lookAtAll({ supervisor, stopping }: Pick<Platform, "supervisor" | "stopping">): Promise<Looked> {
  const [status, metrics] = await Promise.all([
    supervisor.call("status", {}, { signal: stopping }),
    supervisor.call("metrics", {}, { signal: stopping }),
  ]);
  return { status, metrics };
}

export async function listInstances(platform: Pick<Platform, "supervisor" | "stopping">): Promise<InstanceList> {
  const { status, metrics } = await lookAtAll(platform);
  const usage = new Map(metrics.instances.map((one) => [one.id, one]));
  const services = new Map(metrics.services.map((one) => [one.id, one]));
  const own = { ...metrics.supervisor, memoryLimitBytes: null };
  return {
    at: metrics.at,
    host: await hostView(),
    startsWaiting: metrics.startsWaiting,
    services: [
      { name: "supervisor" as const, state: "ready", restarts: 0, usage: own },
      ...status.services.map(({ name, state, restarts }) => ({
        name,
        state,
        restarts,
        usage: services.get(name) ?? null,
      })),
    ],
    instances: status.apps.flatMap(({ app, instances }) =>
      instances.map((one) => ({ app, ...instanceView(one, usage.get(one.id)) })),
    ),
  };
}

async function hostView(): Promise<InstanceList["host"]> {
  // Free memory is not what is available: most of a host's memory holds files that it may drop.
  const text = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1];
  return {
    processors: availableParallelism(),
    load: loadavg(),
    memoryBytes: totalmem(),
    availableBytes: available === undefined ? freemem() : Number(available) * 1024,
    uptimeSeconds: uptime(),
  };
}
