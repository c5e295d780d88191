/**
 * Step 4, release: one immutable record of what will run - artifact, environment, processes, hooks. A change of
 * configuration makes one too, from the same artifact. The app's own hooks (prerun, release command) run here, before
 * anything of the release serves.
 */
import { chmod } from "node:fs/promises";
import { AppError } from "#core/errors.ts";
import type { ReleaseRecord } from "#core/records.ts";
import { recordEnvContext, sealEnv } from "#core/sealed.ts";
import type { EnvInput } from "#store/env.ts";
import { createRelease, liveRelease, type ReleaseReason } from "#store/releases.ts";
import { getScale } from "#store/scale.ts";
import { writeFileAtomic } from "#sys/atomic-file.ts";
import { appPlatformEnv } from "../app-env.ts";
import { defaultDomain } from "../app-address.ts";
import { appDomains, refuseDefaults } from "../domains.ts";
import { listAllDomains } from "#store/domains.ts";
import { type Artifact, needsSupervisor } from "../artifact.ts";
import { generateValue } from "../generate-env.ts";
import type { Platform } from "../platform.ts";
import { type ReleaseSettings, writeSettings } from "../release-settings.ts";
import { envRecord, resolveEnv } from "../resolve-env.ts";
import { processSpecs } from "../process-specs.ts";
import type { Candidate, DeployJob } from "./job.ts";
import { jobFailure } from "./job-end.ts";
import { lastLines } from "./last-lines.ts";
import { runJob } from "./run-job.ts";

/** Seconds for a hook. */
const hookTimeout = 30 * 60;

/** Writes the record and its row. Nothing runs yet. `release` is its number, which the deploy knows already. */
export async function makeRelease(
  platform: Platform,
  artifact: Artifact,
  release: number,
  why: {
    readonly reason: ReleaseReason;
    readonly summary: string;
    readonly by: string;
    readonly settings: ReleaseSettings;
  },
): Promise<Candidate> {
  const { store, layout, masterKey } = platform;
  const { app, build } = artifact;
  const given = why.settings;
  const stored = [...given.variables, ...generateMissing(artifact, given.variables)];
  const present = (await appDomains(platform, app)).map(({ domain }) => domain);
  const domains = [...new Set([...present, ...artifact.domains])];
  const env = resolveEnv({ artifact, stored, platform: appPlatformEnv(platform, app), domains });
  const scale = await getScale(store, app);
  const replaces = (await liveRelease(store, app))?.number ?? null;
  const processes = processSpecs(artifact, scale);
  const record: ReleaseRecord = {
    version: 1,
    app,
    release,
    build,
    createdAt: new Date(platform.clock.now()).toISOString(),
    cwd: artifact.cwd,
    processes,
    hooks: (["prerun", "release"] as const).flatMap((name) => {
      const command = artifact.spec.hooks[name];
      return command === undefined ? [] : [{ name, command, timeout: hookTimeout }];
    }),
    ...healthCommand(artifact),
    ...(artifact.spec.cron === undefined ? {} : { cron: artifact.spec.cron }),
    ...(artifact.volumes === undefined ? {} : { volumes: artifact.volumes }),
    ...(artifact.spec.limits === undefined ? {} : { limits: artifact.spec.limits }),
    env: sealEnv(masterKey, recordEnvContext("release", app, release), envRecord(env)),
  };
  const path = layout.releaseRecord(app, release);
  writeFileAtomic(path, JSON.stringify(record));
  await chmod(path, 0o440);
  await writeSettings(platform, app, release, { ...given, variables: stored });
  await createRelease(
    store,
    app,
    { build, recordVersion: 1, reason: why.reason, summary: why.summary, createdBy: why.by },
    release,
  );
  return { release, artifact, replaces, isSupervised: needsSupervisor(artifact) };
}

/** Refuses, before anything is built, domains of the app's files that belong to another app. Throws DOMAIN_TAKEN. */
export async function claimDomains(platform: Platform, app: string, domains: readonly string[]): Promise<void> {
  const owners = new Map((await listAllDomains(platform.store)).map((row) => [row.name, row.app]));
  for (const domain of domains) {
    const owner = owners.get(domain) ?? app;
    if (owner !== app) throw new AppError("DOMAIN_TAKEN", `[domains] ${domain} belongs to the app ${owner}.`);
    if (domain !== defaultDomain(app, platform.baseDomain)) await refuseDefaults(platform, domain);
  }
}

/** Runs prerun and the release command, once, as the app. Throws RELEASE_COMMAND_FAILED or CANCELED. */
export async function runHooks(job: DeployJob, { artifact, release }: Candidate): Promise<void> {
  const { platform, app } = job;
  const names = (["prerun", "release"] as const).filter((name) => artifact.spec.hooks[name] !== undefined);
  for (const [hook, name] of names.entries()) {
    const ended = await runJob(job, "release.hook", { app, release, hook });
    const how = jobFailure(ended, `the ${name} command`, hookTimeout);
    if (how === undefined) continue;
    throw new AppError("RELEASE_COMMAND_FAILED", `The ${name} command ${how}.`, {
      details: await lastLines(platform.layout.buildLog(app, artifact.build), 20),
    });
  }
}

function healthCommand({ spec: { healthcheck } }: Artifact): Pick<ReleaseRecord, "probe"> {
  if (healthcheck?.probe.kind !== "command") return {};
  return { probe: { command: healthcheck.probe.command, timeout: healthcheck.timeout } };
}

/** Made once: from the cut-over on the store has them, and every later release carries them. */
function generateMissing({ spec }: Artifact, variables: readonly EnvInput[]): EnvInput[] {
  const present = new Set(variables.map(({ name }) => name));
  return spec.env
    .filter((entry) => entry.kind === "generate")
    .filter(({ name }) => !present.has(name))
    .map((entry) => ({ name: entry.name, value: generateValue(entry), source: "generated" as const }));
}
