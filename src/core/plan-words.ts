/** The words of a build plan that stand for places only the pipeline knows: `{tree}`, `{cache}` and `{runtime:NAME}`. */
import { AppError } from "./errors.ts";
import { quote } from "./names.ts";
import type { BuildPlan } from "./plugin.ts";

export type PlanWords = {
  /** Absolute path of the app's tree. */
  readonly tree: string;
  /** Absolute path of the app's build cache. */
  readonly cache: string;
  /** Runtime name to absolute path, as `provision` answered. */
  readonly runtimes: Readonly<Record<string, string>>;
};

/**
 * The plan with every word replaced, in the argv of steps, environment, path and the builder's own processes.
 * Throws PLUGIN_FAILED when it names a runtime that was not provisioned.
 */
export function replaceWords(plan: BuildPlan, words: PlanWords): BuildPlan {
  const word = (text: string) =>
    text.replace(/\{(tree|cache|runtime:([a-z0-9-]+))\}/g, (_, which: string, runtime: string | undefined) => {
      if (which === "tree") return words.tree;
      if (which === "cache") return words.cache;
      const path =
        runtime !== undefined && Object.hasOwn(words.runtimes, runtime) ? words.runtimes[runtime] : undefined;
      if (path === undefined)
        throw new AppError(
          "PLUGIN_FAILED",
          `The plan names a runtime ${quote(runtime ?? "")} that nobody provisioned.`,
        );
      return path;
    });
  const values = (record: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [name, word(value)]));
  return {
    ...plan,
    // A step of the user's own is a shell line of theirs, in which braces mean what they mean to the shell.
    steps: plan.steps.map((step) => (step.argv[0] === "/bin/sh" ? step : { ...step, argv: step.argv.map(word) })),
    env: values(plan.env),
    buildEnv: values(plan.buildEnv),
    path: plan.path.map(word),
  };
}
