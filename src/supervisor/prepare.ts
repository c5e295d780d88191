import type { BuildRecord, ReleaseRecord } from "#core/records.ts";
import type { Apps } from "./apps.ts";
import { noAppLimits } from "#core/app-limits.ts";
import { forgetOldRuns } from "./log-files.ts";
import { memoryEnv } from "./memory-env.ts";
import { isFree } from "./ports.ts";
import { recordEnv } from "./records.ts";
import { Refusal } from "./refusal.ts";
import type { About, Start } from "./run.ts";
import type { Built, Released } from "./system.ts";
import { requireVolumes } from "./volumes/require-volumes.ts";

/** What to run for an instance, from its record as it is now; takes another port when a stranger has taken the old one. */
export async function prepareStart(apps: Apps, app: string, id: string): Promise<Start> {
  const { layout, records, run } = apps.options;
  const { release, type, index } = apps.instance(app, id);
  const record = apps.release(app, release);
  const spec = record.processes[type];
  if (spec === undefined) throw new Refusal("unknown", `Release ${release} has no process ${type}.`);
  const process = `${type}.${index}`;
  const listens = spec.listens === "http" ? { socket: apps.socket(id), port: await settlePort(apps, app, id) } : null;
  const env = recordEnv(records, "release", app, release, record.env);
  const logs = { root: layout.apps, below: [app, "log"] };
  forgetOldRuns(logs, process, (one) => apps.runs(one));
  requireVolumes(layout, record);
  const walls = run.system?.instance(app, id, type, releasedOf(record), listens?.port ?? null);
  return {
    about: { process, logs, listens, startTimeout: spec.startTimeout, stopTimeout: spec.stopTimeout, fingerprint: "" },
    command: {
      argv: ["/bin/sh", "-c", spec.command],
      env: { ...env, ...memoryEnv(walls?.most.memory ?? null, env), ...instanceEnv(process, listens) },
      // Behind walls too: it tells that no link is on the way.
      cwd: apps.openTree(app, record.build, record.cwd),
      walls,
    },
  };
}

/** What of a release its walls are built by. */
export function releasedOf({ release, build, cwd, limits = noAppLimits, volumes = [] }: ReleaseRecord): Released {
  return { release, build, cwd, limits, volumes };
}

/** The same of a build. */
export function builtOf({ build, limits = noAppLimits, network }: BuildRecord): Built {
  return { build, limits, network: network !== false };
}

async function settlePort(apps: Apps, app: string, id: string): Promise<number> {
  const { port } = apps.instance(app, id);
  if (port !== null && (await isFree(port))) return port;
  const renewed = await apps.takePort(new Set());
  apps.instance(app, id); // it may be wanted no more
  apps.edit(app, (before) => ({
    ...before,
    instances: before.instances.map((one) => (one.id === id ? { ...one, port: renewed } : one)),
  }));
  return renewed;
}

/** What the supervisor adds to a record's environment; a record cannot override it. */
export function instanceEnv(process: string, listens: About["listens"]): Record<string, string> {
  return {
    PROC_TYPE: process,
    BIND_ADDRESS: "127.0.0.1",
    HOST: "127.0.0.1",
    ...(listens === null ? {} : { PORT: String(listens.port), HOP3_SOCKET: listens.socket }),
  };
}
