/**
 * The table of verbs: how each one's arguments are checked, and what it does. A request that is not in the table, or
 * whose arguments have one key too many, is refused before anything is looked up.
 */
import { keepWarmMax } from "#core/limits.ts";
import { quote } from "#core/names.ts";
import type { AppFiles } from "./app-files.ts";
import type { Apps } from "./apps.ts";
import * as act from "./app-verbs.ts";
import { buildLog } from "./build-log.ts";
import type { Cron } from "./cron/cron.ts";
import { cronVerbs } from "./cron/cron-verbs.ts";
import { isInstanceId } from "./desired.ts";
import type { DiskKeeper } from "./disk/keeper.ts";
import { fileVerbs } from "./file-verbs.ts";
import type { AppUsage } from "./disk/app-usage.ts";
import type { HostTool } from "./host-tool.ts";
import type { Jobs } from "./job.ts";
import type { Limits } from "./limits.ts";
import { protocolVersion, type Metrics, type JobResult, type Verb, type Verbs } from "./protocol.ts";
import { builtOf, instanceEnv, releasedOf } from "./prepare.ts";
import { lookVerbs } from "./look-verbs.ts";
import { probeRelease } from "./probe-verb.ts";
import { dropRenewal, renewLive, swapRenewed, type Place } from "./renew.ts";
import { readBuild, recordEnv } from "./records.ts";
import { Refusal } from "./refusal.ts";
import { sessionVerbs } from "./session-verbs.ts";
import type { Sessions } from "./sessions.ts";
import type { Services } from "./services.ts";
import { appNameOf, entries, fields, numberMax, oneOf, processTypeOf, seconds, text, whole } from "./shape.ts";
import { volumeVerbs } from "./volumes/volume-verbs.ts";

export type VerbContext = {
  readonly apps: Apps;
  readonly files: AppFiles;
  /** What an app takes of the disk (disk/app-usage.ts). */
  readonly usage: (app: string) => Promise<AppUsage>;
  /** For what the host's own tools are asked. */
  readonly tool: HostTool;
  readonly services: Services;
  readonly jobs: Jobs;
  readonly cron: Cron;
  readonly sessions: Sessions;
  /** Undefined where nobody is kept to a share of the disk. */
  readonly disks: DiskKeeper | undefined;
  readonly metrics: () => Metrics;
  readonly mode: "user" | "system";
  readonly version: string;
};

type Handler<V extends Verb> = {
  readonly parse: (args: unknown, limits: Limits) => Verbs[V]["args"];
  readonly serve: (args: Verbs[V]["args"], context: VerbContext) => Promise<Verbs[V]["result"]> | Verbs[V]["result"];
};

const table: { readonly [V in Verb]: Handler<V> } = {
  hello: {
    parse: (args) => ({ protocol: whole(fields(args, "hello", ["protocol"])["protocol"], "protocol", 0, 1000) }),
    serve: ({ protocol }, { mode, version }) => {
      if (protocol !== protocolVersion) {
        throw new Refusal("conflict", `This supervisor speaks protocol ${protocolVersion}, not ${protocol}.`);
      }
      return { protocol: protocolVersion, version, mode, pid: process.pid };
    },
  },
  ...lookVerbs,
  "build.step": {
    parse: (args, limits) => {
      const found = fields(args, "build.step", ["app", "build", "step"]);
      return {
        ...appOf(found),
        build: numberOf(found, "build"),
        step: whole(found["step"], "step", 0, limits.perRecord),
      };
    },
    serve: (args, context) => buildStep(args, context),
  },
  "release.hook": {
    parse: (args, limits) => {
      const found = fields(args, "release.hook", ["app", "release", "hook"]);
      return {
        ...appOf(found),
        release: numberOf(found, "release"),
        hook: whole(found["hook"], "hook", 0, limits.perRecord),
      };
    },
    serve: (args, context) => releaseHook(args, context),
  },
  "job.cancel": {
    parse: onlyApp("job.cancel"),
    serve: async ({ app }, { jobs }) => ({ canceled: await jobs.cancel(app) }),
  },
  "app.start": {
    parse: (args, limits) => {
      const found = fields(args, "app.start", ["app", "release"], ["counts"]);
      const counts = found["counts"] === undefined ? {} : { counts: countsOf(found["counts"], limits) };
      return { ...appOf(found), release: numberOf(found, "release"), ...counts };
    },
    serve: async ({ app, release, counts }, { apps, disks }) => {
      await disks?.admit(app, releasedOf(apps.release(app, release)).limits);
      return act.startRelease(apps, app, release, new Map(Object.entries(counts ?? {})));
    },
  },
  "app.await": {
    parse: (args, limits) => {
      const found = fields(args, "app.await", ["app", "release", "timeout"]);
      return {
        ...appOf(found),
        release: numberOf(found, "release"),
        timeout: seconds(found["timeout"], "timeout", limits.wait),
      };
    },
    serve: ({ app, release, timeout }, { apps }) => act.awaitRelease(apps, app, release, timeout),
  },
  "app.probe": {
    parse: (args) => {
      const found = fields(args, "app.probe", ["app", "release", "instance"]);
      const instance = found["instance"] === null ? null : text(found["instance"], "instance", 8);
      if (instance !== null && !isInstanceId(instance)) throw new Refusal("invalid", "instance is not an id.");
      return { ...appOf(found), release: numberOf(found, "release"), instance };
    },
    serve: (args, { apps, jobs }) => probeRelease(args, apps, jobs),
  },
  "app.cutover": {
    parse: (args) => {
      const found = fields(args, "app.cutover", ["app", "release"]);
      return { ...appOf(found), release: numberOf(found, "release") };
    },
    serve: ({ app, release }, { apps }) => act.cutOver(apps, app, release),
  },
  "app.retire": {
    parse: (args, limits) => {
      const found = fields(args, "app.retire", ["app", "release", "drain", "warm"]);
      return {
        ...appOf(found),
        release: numberOf(found, "release"),
        drain: seconds(found["drain"], "drain", limits.wait),
        warm: seconds(found["warm"], "warm", keepWarmMax),
      };
    },
    serve: ({ app, release, drain, warm }, { apps }) => act.retireRelease(apps, app, release, drain, warm),
  },
  "app.scale": {
    parse: (args, limits) => {
      const found = fields(args, "app.scale", ["app", "counts", "drain", "timeout"]);
      const drain = seconds(found["drain"], "drain", limits.wait);
      const timeout = seconds(found["timeout"], "timeout", limits.wait);
      return { ...appOf(found), counts: countsOf(found["counts"], limits), drain, timeout };
    },
    serve: ({ app, counts, drain, timeout }, { apps }) =>
      act.scaleApp(apps, app, new Map(Object.entries(counts)), drain, timeout),
  },
  "app.stop": {
    parse: onlyApp("app.stop"),
    serve: async ({ app }, { apps, cron }) => {
      const [status] = await Promise.all([act.stopApp(apps, app), cron.cancel(app, "the app was stopped")]);
      return status;
    },
  },
  "app.resume": {
    parse: (args, limits) => {
      const found = fields(args, "app.resume", ["app", "timeout"]);
      return { ...appOf(found), timeout: seconds(found["timeout"], "timeout", limits.wait) };
    },
    serve: async ({ app, timeout }, { apps, disks }) => {
      const { live } = apps.known(app);
      if (live !== null) await disks?.admit(app, releasedOf(apps.release(app, live)).limits);
      return act.resumeApp(apps, app, timeout);
    },
  },
  "app.renew": {
    parse: (args, limits) => {
      const found = fields(args, "app.renew", ["app", "timeout"], ["place"]);
      const place = found["place"] === undefined ? {} : { place: placeOf(found["place"], limits) };
      return { ...appOf(found), ...place, timeout: seconds(found["timeout"], "timeout", limits.wait) };
    },
    serve: ({ app, place, timeout }, { apps }) => renewLive(apps, app, place, timeout),
  },
  "app.swap": {
    parse: (args, limits) => {
      const found = fields(args, "app.swap", ["app", "drain"]);
      return { ...appOf(found), drain: seconds(found["drain"], "drain", limits.wait) };
    },
    serve: ({ app, drain }, { apps }) => swapRenewed(apps, app, drain),
  },
  "app.unrenew": { parse: onlyApp("app.unrenew"), serve: ({ app }, { apps }) => dropRenewal(apps, app) },
  "app.reset": { parse: onlyApp("app.reset"), serve: ({ app }, { apps }) => act.resetRestarts(apps, app) },
  "app.forget": {
    parse: onlyApp("app.forget"),
    serve: async ({ app }, { apps, jobs, cron, sessions }) => {
      await Promise.all([jobs.cancel(app), sessions.endAll(app)]);
      await Promise.all([act.forgetApp(apps, app), cron.cancel(app, "the app is gone")]);
      cron.forget(app);
      return {};
    },
  },
  ...fileVerbs,
  ...cronVerbs,
  ...sessionVerbs,
  ...volumeVerbs,
  "service.restart": {
    parse: (args) => ({
      service: oneOf(fields(args, "service.restart", ["service"])["service"], "service", ["hop3d", "caddy"]),
    }),
    serve: ({ service }, { services }) => {
      services.restart(service);
      return {};
    },
  },
};

/** Checks and serves one request; throws a Refusal for what it will not do. */
export async function serveVerb(verb: string, args: unknown, context: VerbContext): Promise<unknown> {
  if (!Object.hasOwn(table, verb)) throw new Refusal("invalid", `There is no verb ${quote(verb)}.`);
  const handler: Handler<Verb> = table[verb as Verb] as Handler<Verb>;
  return handler.serve(handler.parse(args, context.apps.options.limits), context);
}

const withNetwork = "Nothing keeps a build from the network in user mode.";

async function buildStep(
  { app, build, step }: Verbs["build.step"]["args"],
  { apps, jobs, disks }: VerbContext,
): Promise<JobResult> {
  const { records } = apps.options;
  const record = readBuild(records, app, build);
  const found = record.steps[step];
  if (found === undefined) throw new Refusal("unknown", `Build ${build} of ${app} has no step ${step}.`);
  await disks?.admitBuild(app, builtOf(record).limits);
  const env = recordEnv(records, "build", app, build, record.env);
  const { system } = apps.options.run;
  if (system === undefined && record.network === false) throw new Refusal("invalid", withNetwork);
  const walls = system?.build(app, builtOf(record), found.cwd);
  const command = { argv: found.argv, env, cwd: apps.openTree(app, build, found.cwd), walls };
  const openOutput = () => buildLog(apps, app, build);
  const { timeout } = found;
  const plan = { app, kind: "build", number: build, index: step, command, timeout, openOutput } as const;
  return unlessHeld(app, await jobs.start(plan), disks);
}

async function releaseHook(
  { app, release, hook }: Verbs["release.hook"]["args"],
  { apps, jobs, disks }: VerbContext,
): Promise<JobResult> {
  const { records } = apps.options;
  const record = apps.release(app, release);
  const found = record.hooks[hook];
  if (found === undefined) throw new Refusal("unknown", `Release ${release} of ${app} has no hook ${hook}.`);
  await disks?.admitBuild(app, releasedOf(record).limits);
  const env = { ...recordEnv(records, "release", app, release, record.env), ...instanceEnv(`hook.${hook + 1}`, null) };
  const command = {
    argv: ["/bin/sh", "-c", found.command],
    env,
    cwd: apps.openTree(app, record.build, record.cwd),
    walls: apps.options.run.system?.once(app, releasedOf(record), null),
  };
  const openOutput = () => buildLog(apps, app, record.build);
  const { timeout } = found;
  const plan = { app, kind: "hook", number: release, index: hook, command, timeout, openOutput } as const;
  return unlessHeld(app, await jobs.start(plan), disks);
}

/** Who asked for a job that was ended for the app's files is told that, and not that it was canceled. */
function unlessHeld(app: string, result: JobResult, disks: DiskKeeper | undefined): JobResult {
  const held = result.canceled ? disks?.held(app) : undefined;
  if (held !== undefined && held !== null) throw new Refusal("disk", `${app} was ended: ${held}`);
  return result;
}

type Found = Readonly<Record<string, unknown>>;

function appOf(found: Found): { app: string } {
  return { app: appNameOf(found["app"], "app") };
}

function onlyApp(verb: string): (args: unknown) => { app: string } {
  return (args) => appOf(fields(args, verb, ["app"]));
}

function numberOf(found: Found, name: string): number {
  return whole(found[name], name, 0, numberMax);
}

function placeOf(value: unknown, limits: Limits): Place {
  const found = fields(value, "place", ["type", "index"]);
  const index = whole(found["index"], "place: index", 1, limits.perType);
  return { type: processTypeOf(found["type"], "place: type"), index };
}

function countsOf(value: unknown, limits: Limits): Record<string, number> {
  const counts = Object.create(null) as Record<string, number>;
  for (const [type, count] of entries(value, "counts", limits.perRecord)) {
    counts[processTypeOf(type, `counts: ${quote(type)}`)] = whole(count, `counts: ${type}`, 0, limits.perType);
  }
  return counts;
}
