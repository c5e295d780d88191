/** What a deploy would do, without doing it: receives into a folder of its own, detects, and throws the folder away. */
import { join } from "node:path";
import type { DeployPlan } from "#core/api/deploys.ts";
import { toAppError } from "#core/errors.ts";
import { parseAppName } from "#core/names.ts";
import { getApp } from "#store/apps.ts";
import { readEnv } from "#store/env.ts";
import { getScale } from "#store/scale.ts";
import { appPlatformEnv } from "../app-env.ts";
import { defaultDomain } from "../app-address.ts";
import { appDomains } from "../domains.ts";
import { volumeView } from "../volume-view.ts";
import { requireRoom } from "../disk/room.ts";
import type { Platform } from "../platform.ts";
import { resolveEnv } from "../resolve-env.ts";
import { artifactOf, artifactSteps } from "./artifact-of.ts";
import { uploadLimits, withIncoming } from "./begin.ts";
import { detect } from "./detect.ts";
import { receive } from "./receive.ts";
import { processSpecs } from "../process-specs.ts";
import { claimDomains } from "./release.ts";
import { refuseNetworkless } from "./refuse-networkless.ts";
import { requireLimits } from "./require-limits.ts";
import { sourceFiles } from "./source-files.ts";
import { refuseVolumes } from "./volumes.ts";

export async function planDeploy(
  platform: Platform,
  name: string,
  archive: AsyncIterable<Uint8Array>,
  packed: boolean,
  signal: AbortSignal,
): Promise<DeployPlan> {
  const app = parseAppName(name);
  await requireRoom(platform);
  return withIncoming(platform, async (folder) => {
    await receive(archive, join(folder, "tree"), uploadLimits(platform), signal, packed);
    return describe(platform, app, join(folder, "tree"));
  });
}

async function describe(platform: Platform, app: string, tree: string): Promise<DeployPlan> {
  const known = await getApp(platform.store, app);
  const empty = {
    app,
    exists: known !== undefined,
    builder: null,
    reason: "",
    summary: "",
    runtimes: [],
    steps: [],
    hooks: [],
    processes: [],
    cron: [],
    volumes: [],
  };
  try {
    const found = detect(sourceFiles(tree), platform.builders, platform.tools);
    const { plan, spec } = found;
    refuseNetworkless(platform, spec);
    await refuseVolumes(platform, spec);
    await claimDomains(platform, app, spec.domains);
    await requireLimits(platform, spec.limits);
    const artifact = artifactOf(app, 0, found, plan);
    const stored = known === undefined ? [] : await readEnv(platform.store, app, platform.masterKey);
    const present =
      known === undefined
        ? [defaultDomain(app, platform.baseDomain)]
        : (await appDomains(platform, app)).map(({ domain }) => domain);
    const domains = [...new Set([...present, ...spec.domains])];
    const env = resolveEnv({ artifact, stored, platform: appPlatformEnv(platform, app), domains });
    const names = new Map([...env].map(([variable, { source }]) => [variable, source as string]));
    for (const entry of spec.env)
      if (entry.kind === "generate" && !names.has(entry.name)) names.set(entry.name, "generated");
    const specs = processSpecs(artifact, known === undefined ? {} : await getScale(platform.store, app));
    return {
      ...empty,
      builder: found.builder.name,
      reason: found.reason,
      summary: plan.summary,
      runtimes: plan.runtimes.map((runtime) => ({ ...runtime })),
      steps: artifactSteps(found, plan).map(({ name, argv, cwd, timeout }) => ({
        name,
        argv: [...argv],
        cwd,
        timeoutSeconds: timeout,
      })),
      hooks: Object.entries(spec.hooks).map(([hook, command]) => ({ name: hook, command })),
      processes: Object.entries(specs).map(([type, { command, count }]) => ({ type, command, count })),
      cron: (spec.cron ?? []).map(({ name, schedule, timeZone, command }) => ({
        name,
        schedule,
        timezone: timeZone,
        command,
      })),
      volumes: (artifact.volumes ?? []).map(volumeView),
      staticPaths: { ...artifact.staticPaths },
      env: [...names]
        .map(([variable, source]) => ({ name: variable, source }))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      domains,
      refusals: [],
    };
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.code === "INTERNAL") throw thrown;
    const { code, message, hint, details } = error;
    return {
      ...empty,
      staticPaths: {},
      env: [],
      domains: [],
      refusals: [{ code, message, hint, details: [...details] }],
    };
  }
}
