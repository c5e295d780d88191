/**
 * How an app describes itself: hop3.toml over Procfile over ENV file over defaults, merged into one AppSpec. This folder
 * owns those files' grammar and nothing else: it knows no language, no builder and no server.
 */
import type { AppSpec, EnvEntry } from "../app-spec.ts";
import { AppError } from "../errors.ts";
import { processesMax } from "../limits.ts";
import { isHostName } from "../names.ts";
import type { SourceFiles } from "../plugin.ts";
import { cronOf } from "./cron.ts";
import { parseEnvFile } from "./env-file.ts";
import { healthcheckOf } from "./healthcheck.ts";
import { limitsOfToml } from "./limits.ts";
import { type ParsedToml, hop3TomlMax, parseHop3Toml } from "./hop3-toml.ts";
import { type Procfile, parseProcfile } from "./procfile.ts";
import { findSource } from "./source-text.ts";
import { volumesOf } from "./volumes.ts";

const procfileMax = 64 * 1024;
const envFileMax = 256 * 1024;
const startTimeout = 60;

/** Throws INVALID_CONFIG, INVALID_PROCFILE, INVALID_ENV_FILE or NOT_BUILT_YET. */
export function readAppSpec(files: SourceFiles): AppSpec {
  const toml = findSource(files, "hop3.toml", "INVALID_CONFIG", hop3TomlMax);
  const procfile = findSource(files, "Procfile", "INVALID_PROCFILE", procfileMax);
  const envFile = findSource(files, "ENV", "INVALID_ENV_FILE", envFileMax);
  return mergeSpec(
    toml === undefined ? { config: {}, env: [] } : parseHop3Toml(toml),
    procfile === undefined ? { processes: {}, cron: [] } : parseProcfile(procfile),
    envFile === undefined ? [] : parseEnvFile(envFile),
  );
}

function mergeSpec({ config, env: tomlEnv }: ParsedToml, procfile: Procfile, envFile: readonly EnvEntry[]): AppSpec {
  const { build, run, metadata } = config;
  const start = run?.start ?? run?.workers?.["web"];
  const processes = {
    ...procfile.processes,
    ...run?.workers,
    ...(start === undefined ? {} : { web: start }),
  };
  const count = Object.keys(processes).length;
  if (count > processesMax)
    throw new AppError("INVALID_CONFIG", `The app names ${count} processes; it may have ${processesMax} at most.`);
  const cron = cronOf(config, procfile.cron);
  const volumes = volumesOf(config);
  const prerun = run?.["before-run"] ?? procfile.prerun;
  const own = new Set(tomlEnv.map((entry) => entry.name));
  const env = [...envFile.filter((entry) => !own.has(entry.name)), ...tomlEnv];
  return {
    ...defined({ id: metadata?.id }),
    directory: build?.directory ?? ".",
    build: {
      ...defined({ toolchain: build?.toolchain, nodeVersion: build?.["node-version"] }),
      before: list(build?.["before-build"] ?? procfile.prebuild),
      build: list(build?.build ?? procfile.build),
      after: list(build?.["after-build"] ?? procfile.postbuild),
      test: list(build?.test),
      ...(build?.network === false ? { network: false } : {}),
      pipInstall: build?.["pip-install"] ?? [],
      ignore: build?.ignore ?? [],
    },
    processes,
    // hop3.toml's `start` wins over a Procfile's `wsgi`, as it wins over its `web`.
    ...(start === undefined ? defined({ serve: procfile.serve }) : {}),
    hooks: defined({ prerun, release: procfile.release }),
    ...(cron.length === 0 ? {} : { cron }),
    ...(volumes.length === 0 ? {} : { volumes }),
    startTimeout: run?.["start-timeout"] ?? startTimeout,
    ...defined({
      keepWarm: run?.["keep-warm"],
      restart: run?.restart,
      healthcheck: healthcheckOf(config),
      limits: limitsOfToml(config),
    }),
    staticPaths: {
      ...(procfile.static === undefined ? {} : { "/": procfile.static }),
      ...run?.static,
      ...config.static,
    },
    env: env.filter((entry) => entry.name !== "HOST_NAME"),
    envPolicy: config.env?.["_policy"] === "override" ? "override" : "keep-existing",
    domains: [...new Set(config.domains?.list ?? hostNames(env))],
  };
}

/** Domains from the variable HOST_NAME: a comma list, as earlier versions took it. */
function hostNames(env: readonly EnvEntry[]): readonly string[] {
  const entry = env.find(({ name }) => name === "HOST_NAME");
  if (entry === undefined) return [];
  if (entry.kind !== "value") throw new AppError("INVALID_CONFIG", "The variable HOST_NAME must be a plain value.");
  const names = entry.value
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  if (names.includes("_")) throw new AppError("NOT_BUILT_YET", 'HOST_NAME="_" (every host name) is not built yet.');
  const wrong = names.find((name) => !isHostName(name));
  if (wrong !== undefined)
    throw new AppError("INVALID_DOMAIN", "The variable HOST_NAME holds something that is not a domain.");
  return names;
}

function list(command: string | undefined): readonly string[] {
  return command === undefined ? [] : [command];
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** Leaves out keys whose value is undefined. */
function defined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}
