/** Node apps: npm, pnpm and yarn by lock file, the Node that the app asks for. Knows nothing of processes or the edge. */
import { type Builder, pluginApiVersion, type Plugin } from "#core/plugin.ts";
import { readPackageJson } from "./package-json.ts";
import { nodePlan } from "./plan.ts";
import { provisionNode } from "./provision.ts";
import { siteDirectory, webCommand } from "./web-command.ts";

const builder: Builder = {
  name: "node",
  obeys: ["node-version"],
  detect(files, spec) {
    const app = readPackageJson(files);
    if (app === undefined) return { score: 0, reason: "there is no package.json" };
    if (spec.processes["web"] !== undefined || webCommand(files, app) !== undefined) {
      return { score: 80, reason: "package.json, and something that serves" };
    }
    if (
      app.scripts["build"] !== undefined &&
      (siteDirectory(app) !== undefined || Object.keys(spec.staticPaths).length > 0)
    ) {
      return { score: 70, reason: "package.json with a build script that makes a site" };
    }
    return { score: 10, reason: "package.json, but nothing to run in it" };
  },
  plan: nodePlan,
  provision: provisionNode,
};

export const node = { name: "node", api: pluginApiVersion, builders: [builder] as const } satisfies Plugin;
