/** Any app that says itself how it is built and what runs: `[build]`, `[run]` or a Procfile. */
import { AppError } from "#core/errors.ts";
import { type Builder, pluginApiVersion, type Plugin } from "#core/plugin.ts";
import { shellStep } from "#core/shell-step.ts";

const builder: Builder = {
  name: "generic",
  obeys: [],
  detect(_, spec) {
    const names = [...Object.keys(spec.processes), ...(spec.cron === undefined ? [] : ["cron"])];
    return names.length === 0
      ? { score: 0, reason: "no process is named" }
      : { score: 15, reason: `processes are named: ${names.slice(0, 5).join(", ")}` };
  },
  plan({ spec }) {
    const runs = Object.keys(spec.processes).length > 0 || spec.cron !== undefined;
    if (!runs && Object.keys(spec.staticPaths).length === 0) {
      throw new AppError("NOT_DETECTED", "The app names no process.", {
        hint: "Add `web: COMMAND` to a Procfile, or `[run] start` to hop3.toml.",
      });
    }
    return {
      summary: spec.build.build.length > 0 ? "the app's own build commands" : "no build",
      runtimes: [],
      steps: spec.build.build.map((line) => shellStep("build", line)),
      env: {},
      buildEnv: {},
      path: [],
      processes: {},
      staticPaths: {},
    };
  },
  provision: () => Promise.resolve({ runtimes: {} }),
};

export const generic = { name: "generic", api: pluginApiVersion, builders: [builder] as const } satisfies Plugin;
