/** The parts of a plan and of the app's own words that a build is made of, joined in one place for build and dry run. */
import type { BuildPlan } from "#core/plugin.ts";
import type { BuildStep } from "#core/records.ts";
import type { Artifact } from "../artifact.ts";
import type { Detected } from "./job.ts";

/** Seconds for one of the user's own build commands. */
const commandTimeout = 30 * 60;

/** `plan` with its words replaced where the artifact will run; the user's own processes win over the builder's. */
export function artifactOf(app: string, build: number, { spec, builder }: Detected, plan: BuildPlan): Artifact {
  return {
    version: 1,
    app,
    build,
    builder: builder.name,
    summary: plan.summary,
    env: plan.env,
    path: plan.path,
    processes: { ...plan.processes, ...spec.processes },
    staticPaths: { ...plan.staticPaths, ...spec.staticPaths },
    domains: spec.domains,
    spec: {
      hooks: spec.hooks,
      startTimeout: spec.startTimeout,
      ...(spec.healthcheck === undefined ? {} : { healthcheck: spec.healthcheck }),
      env: spec.env,
      envPolicy: spec.envPolicy,
      scale: spec.scale,
    },
  };
}

/** All steps in order: the user's own before and after those of the plan. */
export function artifactSteps({ spec }: Pick<Detected, "spec">, plan: BuildPlan): BuildStep[] {
  return [
    ...userSteps(spec.build.before, "before-build"),
    ...plan.steps,
    ...userSteps(spec.build.after, "after-build"),
  ];
}

/** The user's own lines are run by a shell, as the app: that is what they are for. */
function userSteps(commands: readonly string[], name: string): BuildStep[] {
  return commands.map((command) => ({ name, argv: ["/bin/sh", "-c", command], cwd: ".", timeout: commandTimeout }));
}
