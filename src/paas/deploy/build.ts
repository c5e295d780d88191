/**
 * Step 3, build: provisions runtimes (trusted tools), writes the build record and has the supervisor run its steps as the
 * app, then seals the tree: from here on nothing writes to it.
 */
import { lstat } from "node:fs/promises";
import { posix } from "node:path";
import { replaceWords } from "#core/plan-words.ts";
import { AppError } from "#core/errors.ts";
import type { BuildRecord, BuildStep } from "#core/records.ts";
import { recordEnvContext, sealEnv } from "#core/sealed.ts";
import { linkVolumes } from "#supervisor/volumes/link-volumes.ts";
import { writeFileAtomic } from "#sys/atomic-file.ts";
import { writeArtifact, type Artifact } from "../artifact.ts";
import { appPlatformEnv } from "../app-env.ts";
import { envRecord, resolveEnv } from "../resolve-env.ts";
import { artifactOf, artifactSteps } from "./artifact-of.ts";
import { requireRoom } from "../disk/room.ts";
import { settingsOf, type DeployJob, type Detected } from "./job.ts";
import { jobFailure } from "./job-end.ts";
import { lastLines } from "./last-lines.ts";
import { runJob } from "./run-job.ts";
import { callAgain } from "./supervisor-is-back.ts";
import { checkStaticRoots } from "./static-roots.ts";

/** Throws DISK_FULL when there is no room to begin; BUILD_FAILED or the code of the step that failed, RUNTIME_MISSING, INVALID_SOURCE (static-roots.ts), CANCELED. */
export async function build(job: DeployJob, number: number, found: Detected): Promise<Artifact> {
  const { platform, app } = job;
  const { layout } = platform;
  await requireRoom(platform);
  const { runtimes } = await found.builder.provision(found.plan, {
    log: {
      info: (message) => platform.log.info(message, { app, build: number }),
      warn: (message) => platform.log.warn(message, { app, build: number }),
    },
    exec: (argv, options = {}) => platform.exec(argv, { signal: job.underWay.signal, ...options }),
    runtimes: layout.runtimes,
    tools: platform.tools,
    signal: job.underWay.signal,
  });
  const tree = layout.buildTree(app, number);
  const plan = replaceWords(found.plan, {
    tree: posix.join(tree, found.spec.directory),
    cache: layout.appCache(app),
    runtimes,
  });
  const artifact = artifactOf(app, number, found, plan);
  const steps = [...artifactSteps(found, plan), ...linkVolumes(artifact.volumes ?? [])];
  const { variables: stored } = await settingsOf(job);
  const env = envRecord(resolveEnv({ artifact, stored, platform: appPlatformEnv(platform, app), domains: [] }));
  const record: BuildRecord = {
    version: 1,
    app,
    build: number,
    steps,
    ...(found.spec.build.network === false ? { network: false } : {}),
    ...(found.spec.limits === undefined ? {} : { limits: found.spec.limits }),
    env: sealEnv(platform.masterKey, recordEnvContext("build", app, number), { ...env, ...plan.buildEnv }),
  };
  writeFileAtomic(layout.buildRecord(app, number), JSON.stringify(record));
  for (const [index, step] of steps.entries()) await runStep(job, number, step, index);
  // A build can put a link in the place of its own folder; the supervisor, which cannot be fooled so, refuses it too.
  if (!(await lstat(tree)).isDirectory()) {
    throw new AppError("INVALID_SOURCE", "The build left something else in the place of the app's folder.");
  }
  await callAgain(platform, "build.seal", { app, build: number });
  await checkStaticRoots(tree, artifact.staticPaths);
  writeArtifact(layout, artifact);
  return artifact;
}

async function runStep(job: DeployJob, number: number, step: BuildStep, index: number): Promise<void> {
  const { platform, app } = job;
  const ended = await runJob(job, "build.step", { app, build: number, step: index });
  const how = jobFailure(ended, `the build step ${step.name}`, step.timeout);
  if (how === undefined) return;
  const lines = await lastLines(platform.layout.buildLog(app, number), 200);
  const told = step.failureText === undefined ? -1 : lines.findIndex((line) => line.includes(step.failureText ?? ""));
  const known = step.failureText === undefined || told >= 0;
  throw new AppError((known ? step.failure : undefined) ?? "BUILD_FAILED", `The build step ${step.name} ${how}.`, {
    details: told >= 0 ? lines.slice(told, told + 20) : lines.slice(-20),
  });
}
