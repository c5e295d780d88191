/**
 * The contract between Hop3 and its plugins. A plugin is a value that `satisfies Plugin`; it sees core and sys, never
 * another plugin, the store or a use case. A capability that several plugins have has one contract suite in test/contracts/.
 */
import type { AppSpec } from "./app-spec.ts";
import type { BuildStep, ShellCommand } from "./records.ts";

/** Raised when a change breaks plugins; a plugin for another version is refused at load. */
export const pluginApiVersion = 1;

export type Plugin = {
  readonly name: string;
  readonly api: typeof pluginApiVersion;
  readonly builders?: readonly Builder[];
  readonly proxies?: readonly Proxy[];
};

/** Read-only view of an app's uploaded files; paths are relative to its root and cannot leave it. */
export type SourceFiles = {
  exists(path: string): boolean;
  /** Text of a regular file, at most 1 MiB; undefined when there is none. */
  read(path: string): string | undefined;
  /** Names in a directory (directories end in `/`), sorted; empty when there is none. */
  list(path: string): readonly string[];
};

export type ExecResult = {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
};

/** All that a plugin may touch. Needing more is an ADR. */
export type PluginContext = {
  readonly log: { info(message: string): void; warn(message: string): void };
  /** Runs a trusted tool (npm, uv, caddy), never an app's code. */
  exec(
    argv: readonly string[],
    options?: { cwd?: string; env?: Record<string, string>; timeoutMs?: number; signal?: AbortSignal },
  ): Promise<ExecResult>;
  /** Directory for runtimes that all apps share; readable by every app user. */
  readonly runtimes: string;
  /** Absolute paths of the pinned tools. */
  readonly tools: { readonly uv: string; readonly python: string; readonly node: string; readonly npm: string };
  readonly signal: AbortSignal;
};

/** What an app can ask for that only some builders know how to do. */
export type BuilderSetting = "pip-install" | "node-version" | "callable";

/** How an app of one language is built and run. */
export type Builder = {
  /** `python`, `node`, `static`, `generic`; what `[build] toolchain` names. */
  readonly name: string;
  /** The settings that its plan obeys; an app that has another one is refused, never built without it. */
  readonly obeys: readonly BuilderSetting[];
  /** 0 = not mine; the highest score builds. Pure: looks at files and spec only. `reason` is shown to the user. */
  detect(files: SourceFiles, spec: AppSpec): { readonly score: number; readonly reason: string };
  /**
   * The plan as data: what `--dry-run` prints. Pure. Throws AppError (LOCK_MISMATCH, INVALID_CONFIG, RUNTIME_MISSING,
   * NOT_DETECTED) when the app cannot be built and the files alone show it.
   */
  plan(input: PlanInput): BuildPlan;
  /** Makes the runtimes that the plan names available; returns what they resolved to. Runs trusted tools only. */
  provision(plan: BuildPlan, ctx: PluginContext): Promise<Provisioned>;
};

export type PlanInput = {
  readonly files: SourceFiles;
  readonly spec: AppSpec;
  /** The pinned tools, as in PluginContext. */
  readonly tools: PluginContext["tools"];
};

export type BuildPlan = {
  /** For the user: `Python 3.11 with uv (requirements.txt)`. */
  readonly summary: string;
  /** Runtimes needed, for example `{name: "node", range: "^22"}`; empty when the host's or pinned ones do. */
  readonly runtimes: readonly { readonly name: string; readonly range: string }[];
  /**
   * Steps in order. In argv and env these words are replaced by the pipeline: `{tree}` (absolute path of the tree),
   * `{cache}` (the app's build cache), `{runtime:NAME}` (the path a runtime was provisioned to: a directory, or an interpreter); core/plan-words.ts.
   */
  readonly steps: readonly BuildStep[];
  /** Added to the environment of build steps, hooks and processes; the same words are replaced. */
  readonly env: Readonly<Record<string, string>>;
  /** Only for build steps, for example cache directories; the same words are replaced. */
  readonly buildEnv: Readonly<Record<string, string>>;
  /** Directories put in front of PATH; the same words are replaced. */
  readonly path: readonly string[];
  /** Processes that the builder knows (usually `web`); the user's own of the same name win. */
  readonly processes: Readonly<Record<string, ShellCommand>>;
  /** URL prefix to directory (relative to the tree) served by the edge without a process. */
  readonly staticPaths: Readonly<Record<string, string>>;
};

export type Provisioned = {
  /** Runtime name to absolute path. */
  readonly runtimes: Readonly<Record<string, string>>;
};

/** What the edge is told of one app. Traffic between instances moves through slot files, not through the document. */
export type EdgeRoute = {
  readonly app: string;
  readonly domains: readonly string[];
  /** Directory of slot files for the app's web process; absent when it has none. */
  readonly slots?: string;
  /** Prefix to absolute directory; the longest prefix wins; `/` without slots is a static site. */
  readonly staticPaths: Readonly<Record<string, string>>;
};

export type EdgeSettings = {
  readonly adminSocket: string;
  /** The proxy answers there with the content of `fenceFile`, read at the request (docs/adr/0001). */
  readonly fenceSocket: string;
  readonly fenceFile: string;
  readonly storage: string;
  readonly httpPort: number;
  /** Absent when HTTPS is not served. */
  readonly https?: HttpsSettings;
  /** The name at which the edge serves the API, by HTTPS alone, and the socket where it is. */
  readonly admin?: { readonly domain: string; readonly socket: string };
};

export type HttpsSettings = {
  readonly port: number;
  /** Whom certificates are asked of; absent, all are of an authority of the edge's own. */
  readonly acme?: AcmeSettings;
};

export type AcmeSettings = {
  readonly email: string;
  /** URL of the authority's directory. */
  readonly directory: string;
  /** PEM file with the root that the authority's own server is known by; absent for what the host trusts. */
  readonly root?: string;
};

/** A reverse proxy at the edge: the document is a function of the routes. */
export type Proxy = {
  readonly name: string;
  /** Pure. The whole configuration document. */
  render(routes: readonly EdgeRoute[], settings: EdgeSettings): string;
  /** Loads a document into the running proxy; throws AppError when it refuses, which leaves the old one in force. */
  load(document: string, settings: EdgeSettings, signal: AbortSignal): Promise<void>;
};
