/** Step 2, detect: reads what the app says about itself, finds the builder that fits best and asks it for a plan. */
import { readAppSpec } from "#core/app-config/read.ts";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { Builder, PluginContext, SourceFiles } from "#core/plugin.ts";
import type { Detected } from "./job.ts";
import { filesBelow } from "./source-files.ts";

/** Throws INVALID_CONFIG, INVALID_PROCFILE, INVALID_ENV_FILE, NOT_BUILT_YET, NOT_DETECTED and what a builder's plan throws. */
export function detect(files: SourceFiles, builders: readonly Builder[], tools: PluginContext["tools"]): Detected {
  const spec = readAppSpec(files);
  const own = filesBelow(files, spec.directory);
  const { builder, reason } = choose(own, spec, builders);
  return { spec, builder, reason, plan: builder.plan({ files: own, spec, tools }) };
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
