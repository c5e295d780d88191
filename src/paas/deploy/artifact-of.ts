/** The parts of a plan and of the app's own words that a build is made of, joined in one place for build and dry run. */
import { posix } from "node:path";
import type { BuildPlan } from "#core/plugin.ts";
import type { BuildStep } from "#core/records.ts";
import { shellStep } from "#core/shell-step.ts";
import type { Artifact } from "../artifact.ts";
import type { Detected } from "./job.ts";

/** `plan` with its words replaced where the artifact will run; the user's own processes win over the builder's. */
export function artifactOf(app: string, build: number, { spec, builder }: Detected, plan: BuildPlan): Artifact {
  return {
    version: 2,
    app,
    build,
    builder: builder.name,
    summary: plan.summary,
    env: plan.env,
    path: plan.path,
    processes: { ...plan.processes, ...spec.processes },
    cwd: spec.directory,
    staticPaths: Object.fromEntries(
      Object.entries({ ...plan.staticPaths, ...spec.staticPaths }).map(([prefix, directory]) => [
        prefix,
        posix.join(spec.directory, directory),
      ]),
    ),
    ...(spec.volumes === undefined
      ? {}
      : { volumes: spec.volumes.map((one) => ({ ...one, target: posix.join(spec.directory, one.target) })) }),
    domains: spec.domains,
    spec: {
      hooks: spec.hooks,
      startTimeout: spec.startTimeout,
      ...(spec.cron === undefined ? {} : { cron: spec.cron }),
      ...(spec.keepWarm === undefined ? {} : { keepWarm: spec.keepWarm }),
      ...(spec.restart === undefined ? {} : { restart: spec.restart }),
      ...(spec.healthcheck === undefined ? {} : { healthcheck: spec.healthcheck }),
      ...(spec.limits === undefined ? {} : { limits: spec.limits }),
      env: spec.env,
      envPolicy: spec.envPolicy,
    },
  };
}

/** All steps in order: the user's own before and after those of the plan; where they run is relative to the tree. */
export function artifactSteps({ spec }: Pick<Detected, "spec">, plan: BuildPlan): BuildStep[] {
  const own = (name: string, lines: readonly string[]) => lines.map((line) => shellStep(name, line));
  const steps = [
    ...own("before-build", spec.build.before),
    ...plan.steps,
    ...own("after-build", spec.build.after),
    ...own("test", spec.build.test),
  ];
  return steps.map((step) => ({ ...step, cwd: posix.join(spec.directory, step.cwd) }));
}
