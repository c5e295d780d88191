/** Step 2, detect: reads what the app says about itself, finds the builder that fits best and asks it for a plan. */
import { readAppSpec } from "#core/app-config/read.ts";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { Builder, BuilderSetting, BuildPlan, PluginContext, SourceFiles } from "#core/plugin.ts";
import type { Detected } from "./job.ts";
import { filesBelow } from "./source-files.ts";

/** Throws INVALID_CONFIG, INVALID_PROCFILE, INVALID_ENV_FILE, NOT_BUILT_YET, NOT_DETECTED and what a builder's plan throws. */
export function detect(files: SourceFiles, builders: readonly Builder[], tools: PluginContext["tools"]): Detected {
  const spec = readAppSpec(files);
  const own = filesBelow(files, spec.directory);
  const { builder, reason } = choose(own, spec, builders);
  const plan = builder.plan({ files: own, spec, tools });
  refuseUnobeyed(spec, builder, plan);
  return { spec, builder, reason, plan };
}

/** What the app asks for and nobody would do is an error, not a surprise. Throws INVALID_CONFIG. */
function refuseUnobeyed(spec: Detected["spec"], builder: Builder, plan: BuildPlan): void {
  const asked: readonly (readonly [BuilderSetting, string, boolean])[] = [
    ["pip-install", "[build] pip-install", spec.build.pipInstall.length > 0],
    ["node-version", "[build] node-version", spec.build.nodeVersion !== undefined],
    ["callable", `The Procfile's \`${spec.serve?.interface}\``, spec.serve !== undefined],
  ];
  const lost = asked.find(([setting, , isAsked]) => isAsked && !builder.obeys.includes(setting));
  if (lost !== undefined) {
    throw new AppError("INVALID_CONFIG", `${lost[1]} means nothing where the ${builder.name} builder builds the app.`, {
      hint: "Remove it, or name the builder that is meant in `[build] toolchain`.",
    });
  }
  const processes = { ...plan.processes, ...spec.processes };
  if (spec.keepWarm !== undefined && !Object.hasOwn(processes, "web")) {
    throw new AppError(
      "INVALID_CONFIG",
      "[run] keep-warm means nothing without a `web` process: others are never kept.",
      {
        hint: "Remove it, or name the process that serves HTTP `web`.",
      },
    );
  }
  const policied = Object.keys(spec.restart ?? {}).find((type) => !Object.hasOwn(processes, type));
  if (policied !== undefined) {
    throw new AppError("INVALID_CONFIG", `[run.restart] names ${quote(policied)}, which the app does not have.`, {
      hint: `It has: ${Object.keys(processes).join(", ") || "no processes"}.`,
    });
  }
  if (spec.volumes !== undefined && Object.keys(processes).length === 0 && spec.cron === undefined) {
    throw new AppError(
      "INVALID_CONFIG",
      "[[volumes]] means nothing where the edge serves the app: it has no process.",
      {
        hint: "Remove it.",
      },
    );
  }
  const limited = Object.keys(spec.limits?.types ?? {}).find((type) => !Object.hasOwn(processes, type));
  if (limited !== undefined) {
    throw new AppError("INVALID_CONFIG", `[limits.${limited}] is of a process that the app does not have.`, {
      hint: `It has: ${Object.keys(processes).join(", ") || "no processes"}.`,
    });
  }
  if (spec.healthcheck === undefined) return;
  if (spec.healthcheck.probe.kind === "command") {
    if (Object.keys(processes).length > 0) return;
    throw new AppError("INVALID_CONFIG", "The health check has no process to ask after: the edge serves the app.", {
      hint: "Remove it.",
    });
  }
  if (!Object.hasOwn(processes, "web")) {
    throw new AppError("INVALID_CONFIG", "The health check has no `web` process to ask.", {
      hint: "Remove it, name the process that serves HTTP `web`, or use `[healthcheck] command`.",
    });
  }
}

function choose(
  files: SourceFiles,
  spec: Detected["spec"],
  builders: readonly Builder[],
): { builder: Builder; reason: string } {
  const wanted = spec.build.toolchain;
  if (wanted !== undefined) {
    const builder = builders.find(({ name }) => name === wanted);
    if (builder === undefined) {
      throw new AppError("INVALID_CONFIG", `[build] toolchain ${quote(wanted)} is not known.`, {
        hint: `One of: ${builders.map(({ name }) => name).join(", ")}.`,
      });
    }
    return { builder, reason: "[build] toolchain" };
  }
  const scores = builders.map((builder) => ({ builder, ...builder.detect(files, spec) }));
  const best = scores.toSorted((a, b) => b.score - a.score)[0];
  if (best === undefined || best.score <= 0) {
    throw new AppError("NOT_DETECTED", "No builder knows how to build this app.", {
      details: scores.map(({ builder, reason }) => `${builder.name}: ${reason}`),
    });
  }
  return best;
}
