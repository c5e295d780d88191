/** The page that Prometheus reads. */
import { appState as appStates } from "#core/api/apps.ts";
import type { AppSummary } from "#core/api/apps.ts";
import { diskUsage } from "#sys/disk-usage.ts";
import type { AppStatus, InstanceStatus, Usage } from "#supervisor/protocol.ts";
import { summaries } from "./apps.ts";
import { exposition, type Family, type Labels } from "./exposition.ts";
import { isCrashLoop } from "./crash-loop.ts";
import { lookAtAll, type Looked } from "./instances.ts";
import type { Platform } from "./platform.ts";

/** Milliseconds that a walk over the logs is told again. */
const logsKeptFor = 60_000;
/** Milliseconds of rest in a walk (sys/disk-usage.ts). */
const restMs = 10;

/** Makes the page each time it is called; one walk over the logs at a time. */
export function createMetricsPage(platform: Platform): () => Promise<string> {
  const { layout, clock, stopping } = platform;
  let walked: { readonly at: number; readonly bytes: Promise<ReadonlyMap<string, number>> } | undefined;
  const walk = async (apps: readonly string[]): Promise<ReadonlyMap<string, number>> => {
    const bytes = new Map<string, number>();
    const rest = () => clock.sleep(restMs, stopping);
    for (const app of apps) bytes.set(app, (await diskUsage(layout.appLogs(app), rest)).bytes);
    return bytes;
  };
  return async () => {
    const looked = await lookAtAll(platform);
    const apps = await summaries(platform, new Map(looked.status.apps.map((one) => [one.app, one])));
    const now = clock.elapsed();
    if (walked === undefined || now - walked.at > logsKeptFor) {
      walked = { at: now, bytes: walk(apps.map(({ app }) => app)) };
      walked.bytes.catch(() => (walked = undefined));
    }
    const logs = await walked.bytes;
    return exposition(metricFamilies({ looked, apps, logs, version: platform.version, mode: platform.mode }));
  };
}

export type MetricFacts = {
  readonly looked: Looked;
  readonly apps: readonly AppSummary[];
  readonly logs: ReadonlyMap<string, number>;
  readonly version: string;
  readonly mode: string;
};

/** Pure. A place (`web.1`) is one series whatever its release: of several instances of a place it is the one that serves. */
export function metricFamilies({ looked, apps, logs, version, mode }: MetricFacts): Family[] {
  const { status, metrics } = looked;
  const usage = new Map(metrics.instances.map((one) => [one.id, one]));
  const places = status.apps.flatMap((app) =>
    placesOf(app).map((one) => ({ app: app.app, one, used: usage.get(one.id) })),
  );
  const services = [
    { service: "supervisor", up: true, restarts: undefined, used: metrics.supervisor },
    ...status.services.map(({ name, pid, restarts }) => ({
      service: name,
      up: pid !== null,
      restarts,
      used: metrics.services.find(({ id }) => id === name),
    })),
  ];
  const labelsOf = (app: string, { type, index }: InstanceStatus): Labels => ({
    app,
    process: type,
    instance: `${type}.${index}`,
  });
  type Place = (typeof places)[number];
  type Service = (typeof services)[number];
  const ofPlace = (
    name: string,
    type: Family["type"],
    help: string,
    value: (place: Place) => number | null,
  ): Family => ({
    name: `hop3_instance_${name}`,
    type,
    help,
    samples: places.flatMap((place) => {
      const found = value(place);
      return found === null ? [] : [{ labels: labelsOf(place.app, place.one), value: found }];
    }),
  });
  const ofService = (
    name: string,
    type: Family["type"],
    help: string,
    value: (one: Service) => number | null | undefined,
  ): Family => ({
    name: `hop3_service_${name}`,
    type,
    help,
    samples: services.flatMap((one) => {
      const found = value(one);
      return found === null || found === undefined ? [] : [{ labels: { service: one.service }, value: found }];
    }),
  });
  const sumOf = (app: AppStatus, what: keyof Usage) =>
    app.instances.reduce((sum, { id }) => sum + (usage.get(id)?.[what] ?? 0), 0);
  return [
    {
      name: "hop3_info",
      type: "gauge",
      help: "Version and mode of the server.",
      samples: [{ labels: { version, mode }, value: 1 }],
    },
    {
      name: "hop3_starts_waiting",
      type: "gauge",
      help: "Starts of processes that wait for their turn.",
      samples: [{ value: metrics.startsWaiting }],
    },
    ofService("up", "gauge", "Whether a service of the server runs.", ({ up }) => Number(up)),
    ofService(
      "restarts_total",
      "counter",
      "Restarts of a service since the supervisor was started.",
      ({ restarts }) => restarts,
    ),
    ofService(
      "cpu_seconds_total",
      "counter",
      "Processor time of a service since its start.",
      ({ used }) => used?.cpuSeconds,
    ),
    ofService("memory_bytes", "gauge", "Memory of a service.", ({ used }) => used?.memoryBytes),
    ofService("open_files", "gauge", "Open files and sockets of a service.", ({ used }) => used?.descriptors),
    ofService("uptime_seconds", "gauge", "Seconds since a service was started.", ({ used }) => used?.uptimeSeconds),
    {
      name: "hop3_app_state",
      type: "gauge",
      help: "1 for the state that an app is in, 0 for all others.",
      samples: apps.flatMap(({ app, state }) =>
        appStates.options.map((one) => ({ labels: { app, state: one }, value: Number(one === state) })),
      ),
    },
    {
      name: "hop3_app_log_bytes",
      type: "gauge",
      help: "What the logs of an app take of the disk, as of at most a minute ago.",
      samples: apps.flatMap(({ app }) => {
        const value = logs.get(app);
        return value === undefined ? [] : [{ labels: { app }, value }];
      }),
    },
    {
      name: "hop3_app_memory_bytes",
      type: "gauge",
      help: "Memory of all instances of an app, those that leave or are kept warm among them.",
      samples: status.apps.map((app) => ({ labels: { app: app.app }, value: sumOf(app, "memoryBytes") })),
    },
    ofPlace("ready", "gauge", "Whether an instance serves, or works.", ({ one }) => Number(one.state === "ready")),
    ofPlace(
      "crash_looping",
      "gauge",
      "Whether an instance ends again and again, or was given up for that.",
      ({ one }) => Number(one.proven && isCrashLoop(one)),
    ),
    ofPlace(
      "restarts_total",
      "counter",
      "Restarts of an instance since it, or the supervisor, was started.",
      ({ one }) => one.restarts,
    ),
    ofPlace(
      "cpu_seconds_total",
      "counter",
      "Processor time of a run of an instance.",
      ({ used }) => used?.cpuSeconds ?? null,
    ),
    ofPlace("memory_bytes", "gauge", "Memory of an instance.", ({ used }) => used?.memoryBytes ?? null),
    ofPlace(
      "memory_limit_bytes",
      "gauge",
      "How much memory an instance may take.",
      ({ used }) => used?.memoryLimitBytes ?? null,
    ),
    ofPlace(
      "out_of_memory_total",
      "counter",
      "Processes of an instance that the kernel has ended because its memory was used up.",
      ({ one }) => one.outOfMemory,
    ),
    ofPlace("open_files", "gauge", "Open files and sockets of an instance.", ({ used }) => used?.descriptors ?? null),
    ofPlace("processes", "gauge", "Processes of an instance.", ({ used }) => used?.processes ?? null),
    ofPlace(
      "uptime_seconds",
      "gauge",
      "Seconds since an instance's run was started.",
      ({ used }) => used?.uptimeSeconds ?? null,
    ),
  ];
}

/** One instance a place of the live release: not one that leaves, nor one that is not proven yet, if there is another. */
function placesOf({ live, instances }: AppStatus): InstanceStatus[] {
  const places = Map.groupBy(
    instances.filter(({ release }) => release === live),
    ({ type, index }) => `${type}.${index}`,
  );
  const rank = ({ proven, state }: InstanceStatus) =>
    Number(proven) * 2 + Number(!["draining", "stopping", "killing", "warm", "gone"].includes(state));
  return [...places.values()].flatMap((all) => all.toSorted((a, b) => rank(b) - rank(a)).slice(0, 1));
}
