/** How a Node app is built and run, as data. */
import type { AppSpec } from "#core/app-spec.ts";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { BuildPlan, PlanInput, SourceFiles } from "#core/plugin.ts";
import type { BuildStep } from "#core/records.ts";
import { shellStep, stepTimeout } from "#core/shell-step.ts";
import { type PackageJson, readPackageJson } from "./package-json.ts";
import { installArgs, type PackageTool, packageTool, pruneArgs } from "./package-tool.ts";
import { parseRange } from "./semver-range.ts";
import { siteDirectory, webCommand } from "./web-command.ts";

/** Scripts that npm runs when it installs the app itself; they often call what is only there for development (husky, patch-package). */
const installScripts = ["preinstall", "install", "postinstall", "prepare", "preprepare", "postprepare"];

/** Throws INVALID_SOURCE, NOT_DETECTED, NOT_BUILT_YET. */
export function nodePlan({ files, spec }: PlanInput): BuildPlan {
  const app: PackageJson = readPackageJson(files) ?? { scripts: {}, dependencies: [] };
  const tool = packageTool(files, app);
  const range = nodeRange(files, spec, app);
  const web = spec.processes["web"] === undefined ? webCommand(files, app) : undefined;
  const builds = spec.build.build.length > 0 || app.scripts["build"] !== undefined;
  const staticPaths = webless(spec, web) && builds ? sitePaths(app) : {};
  const runs = Object.keys(spec.processes).length > 0 || spec.cron !== undefined;
  if (webless(spec, web) && Object.keys(staticPaths).length === 0 && !runs) {
    throw new AppError("NOT_DETECTED", "package.json names nothing to run.", {
      hint: "Add a `start` script to package.json, or `web: ...` to a Procfile. For a site that a build makes, name its directory in `[static]`.",
    });
  }
  return {
    summary: `Node ${range === "*" ? "(this server's)" : range} with ${toolName(tool)} (${tool.lock ?? "no lock file"})`,
    runtimes: [
      { name: "node", range },
      { name: tool.name === "yarn" && tool.berry ? "berry" : tool.name, range: tool.version ?? "*" },
    ],
    steps: steps(app, tool, spec, builds),
    env: { NODE_ENV: "production" },
    buildEnv: {
      CI: "true",
      npm_config_cache: "{cache}/npm",
      npm_config_audit: "false",
      npm_config_fund: "false",
      npm_config_update_notifier: "false",
      // Native addons are compiled for the app's Node, not for one that the host happens to have.
      npm_config_nodedir: "{runtime:node}",
      npm_config_store_dir: "{cache}/pnpm",
      // A tree that is written once must not share files with a cache that changes.
      npm_config_package_import_method: "clone-or-copy",
      npm_config_manage_package_manager_versions: "false",
      YARN_CACHE_FOLDER: "{cache}/yarn",
      YARN_GLOBAL_FOLDER: "{cache}/yarn-global",
      YARN_ENABLE_TELEMETRY: "0",
      // Plain folders: an app is started by `node`, which knows nothing of Yarn's own resolver.
      YARN_NODE_LINKER: "node-modules",
      NODE_EXTRA_CA_CERTS: "/etc/ssl/certs/ca-certificates.crt",
    },
    path: ["{tree}/node_modules/.bin", "{runtime:node}/bin", `{runtime:${runtimeOf(tool)}}/bin`],
    processes: web === undefined ? {} : { web },
    staticPaths,
  };
}

function steps(app: PackageJson, tool: PackageTool, spec: AppSpec, builds: boolean): readonly BuildStep[] {
  const binary = `{runtime:${runtimeOf(tool)}}/bin/${tool.name}`;
  const call = (args: readonly string[]): BuildStep => ({
    name: `${tool.name} ${args[0] ?? ""}`,
    argv: [binary, ...args],
    cwd: ".",
    timeout: stepTimeout,
  });
  const hasInstall =
    app.dependencies.length > 0 ||
    tool.lock !== undefined ||
    installScripts.some((name) => app.scripts[name] !== undefined);
  const development =
    builds || spec.build.after.length > 0 || installScripts.some((name) => app.scripts[name] !== undefined);
  const install = call(installArgs(tool, development));
  const own = spec.build.build.map((line) => shellStep("build", line));
  const build =
    own.length > 0
      ? own
      : app.scripts["build"] === undefined
        ? []
        : [{ ...call(["run", "build"]), name: `${tool.name} run build` }];
  // `after-build` may still need what is only there for development.
  const prune = development && spec.build.after.length === 0 ? pruneArgs(tool) : undefined;
  return [
    ...(hasInstall
      ? [
          tool.lock === undefined
            ? install
            : { ...install, failure: "LOCK_MISMATCH" as const, failureText: tool.mismatch },
        ]
      : []),
    ...build,
    ...(hasInstall && prune !== undefined ? [{ ...call(prune), name: `${tool.name} prune` }] : []),
  ];
}

function runtimeOf(tool: PackageTool): string {
  return tool.berry ? "berry" : tool.name;
}

function toolName(tool: PackageTool): string {
  return tool.version === undefined ? tool.name : `${tool.name} ${tool.version}`;
}

/** Nothing serves the web and the user named no directory for it. */
function webless(spec: AppSpec, web: string | undefined): boolean {
  return web === undefined && spec.processes["web"] === undefined && Object.keys(spec.staticPaths).length === 0;
}

function sitePaths(app: PackageJson): Readonly<Record<string, string>> {
  const directory = siteDirectory(app);
  return directory === undefined ? {} : { "/": directory };
}

/** The range that the app asks for, `*` when it asks for none. Throws INVALID_SOURCE for what is no range. */
function nodeRange(files: SourceFiles, spec: AppSpec, app: PackageJson): string {
  const candidates = [
    ["[build] node-version", spec.build.nodeVersion],
    ["engines.node of package.json", app.node],
    [".nvmrc", files.read(".nvmrc")],
    [".node-version", files.read(".node-version")],
  ] as const;
  for (const [where, text] of candidates) {
    const range = text?.trim();
    if (range === undefined || range === "") continue;
    // nvm's names for "whatever is good".
    if (/^(?:lts\/.*|node|stable|latest|current)$/.test(range)) return "*";
    if (parseRange(range) === undefined)
      throw new AppError("INVALID_SOURCE", `${where} ${quote(range)} is not a range of versions.`);
    return range;
  }
  return "*";
}
