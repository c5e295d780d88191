/**
 * The settings of the server's processes, from the environment. `npm start` and the supervisor hand them on as HOP3_*
 * variables; the same names work for a person.
 */
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { AppError } from "#core/errors.ts";
import { layoutOf, type Layout } from "#core/layout.ts";
import { isHostName } from "#core/names.ts";
import { parseNetworks } from "#core/networks.ts";
import type { HttpsSettings } from "#core/plugin.ts";
import { standardRate } from "#server/rate-limits.ts";
import { runDirFor } from "#sys/run-dir.ts";
import type { OidcSettings } from "#identity/oidc-settings.ts";
import { httpsEnvironment, readHttpsSettings } from "./https-settings.ts";
import { port, whole, type Environment } from "./number-settings.ts";
import { oidcEnvironment, readOidcSettings } from "./oidc-settings.ts";

export type ServerSettings = {
  /** `system` has a user for each app and needs root; nothing but HOP3_MODE chooses it. */
  readonly mode: "user" | "system";
  readonly layout: Layout;
  readonly apiPort: number;
  readonly httpPort: number;
  /** Undefined when HTTPS is not served. */
  readonly https: HttpsSettings | undefined;
  readonly baseDomain: string;
  /** The name at which the edge serves the API; undefined where it is served on loopback alone. */
  readonly adminDomain: string | undefined;
  readonly postgresUri: string | undefined;
  /** The cgroup of version 2 that apps are in, in system mode: the unit's that is for it. Undefined for the supervisor's own. */
  readonly cgroup: string | undefined;
  /** Builds at the same time, of all apps together. */
  readonly builds: number;
  /** Networks, not public ones, from which users may have sources fetched, as they are written; empty for none. */
  readonly sourceNetworks: string;
  /** Undefined where people log in by this server's own passwords and tokens alone. */
  readonly oidc: OidcSettings | undefined;
  /** Requests a second that one credential may make of the API; its other limits follow from it. */
  readonly apiRate: number;
};

/** A variable that is empty counts as not set. Throws INVALID_INPUT that names the variable. */
export function readServerSettings(env: Environment, uid: number): ServerSettings {
  const mode = modeOf(env["HOP3_MODE"] || "user");
  const isSystem = mode === "system";
  const root = resolve(env["HOP3_ROOT"] || (isSystem ? "/var/lib/hop3" : ".hop3"));
  const run =
    env["HOP3_RUN_DIR"] ||
    (isSystem ? "/run/hop3" : runDirFor({ root, uid, xdgRuntimeDir: env["XDG_RUNTIME_DIR"], temporary: tmpdir() }));
  // Caddy would take them for a placeholder, or for what comes after a path.
  for (const [name, path] of [
    ["HOP3_ROOT", root],
    ["HOP3_RUN_DIR", run],
  ] as const) {
    if (/[{}|\\]|[^\P{Cc}]/u.test(path)) throw new AppError("INVALID_INPUT", `${name} must not hold {, }, | or \\.`);
  }
  const baseDomain = env["HOP3_DOMAIN"] || "localhost";
  if (!isHostName(baseDomain)) throw new AppError("INVALID_INPUT", "HOP3_DOMAIN is not a valid domain.");
  const httpPort = port(env, "HOP3_HTTP_PORT", isSystem ? 80 : 8080);
  const https = readHttpsSettings(env, mode);
  if (https?.port === httpPort)
    throw new AppError("INVALID_INPUT", "HOP3_HTTPS_PORT and HOP3_HTTP_PORT must be two ports.");
  return {
    mode,
    layout: layoutOf({ root, run: resolve(run) }),
    apiPort: port(env, "HOP3_API_PORT", 8009),
    httpPort,
    https,
    baseDomain,
    adminDomain: adminDomainOf(env, https, baseDomain),
    postgresUri: env["POSTGRES_DB_URI"] === "" ? undefined : env["POSTGRES_DB_URI"],
    cgroup: env["HOP3_CGROUP"] || undefined,
    builds: whole(env, "HOP3_BUILDS", { unlessSet: 2, min: 1, max: 64, what: "a number" }),
    sourceNetworks: sourceNetworks(env["HOP3_SOURCE_NETWORKS"] ?? ""),
    oidc: readOidcSettings(env),
    apiRate: whole(env, "HOP3_API_RATE", { unlessSet: standardRate, min: 1, max: 10_000, what: "a number" }),
  };
}

/** The same settings as variables for a process that we start; nothing else of our environment goes with them. */
export function serverEnvironment(settings: ServerSettings): Record<string, string> {
  return {
    HOP3_MODE: settings.mode,
    HOP3_ROOT: settings.layout.root,
    HOP3_RUN_DIR: settings.layout.run,
    HOP3_API_PORT: String(settings.apiPort),
    HOP3_HTTP_PORT: String(settings.httpPort),
    ...httpsEnvironment(settings.https),
    HOP3_DOMAIN: settings.baseDomain,
    ...(settings.adminDomain === undefined ? {} : { HOP3_ADMIN_DOMAIN: settings.adminDomain }),
    HOP3_BUILDS: String(settings.builds),
    ...(settings.sourceNetworks === "" ? {} : { HOP3_SOURCE_NETWORKS: settings.sourceNetworks }),
    ...oidcEnvironment(settings.oidc),
    HOP3_API_RATE: String(settings.apiRate),
    ...(settings.postgresUri === undefined ? {} : { POSTGRES_DB_URI: settings.postgresUri }),
  };
}

/** What trusted tools need of the environment: where to find programs, and how this host reaches package registries. */
export function toolEnvironment(env: Environment): Record<string, string> {
  const names = [
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "NODE_COMPILE_CACHE",
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "PIP_INDEX_URL",
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "NPM_CONFIG_REGISTRY",
    "npm_config_registry",
  ];
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

/** All that a session process needs of the environment: it runs beside an app's command. */
export function compileCache(env: Environment): Record<string, string> {
  const place = env["NODE_COMPILE_CACHE"];
  return place === undefined ? {} : { NODE_COMPILE_CACHE: place };
}

/** Tokens go there, so it is by HTTPS or not at all. */
function adminDomainOf(env: Environment, https: HttpsSettings | undefined, baseDomain: string): string | undefined {
  const domain = (env["HOP3_ADMIN_DOMAIN"] || undefined)?.toLowerCase();
  if (domain === undefined) return undefined;
  if (!isHostName(domain) || domain === "localhost" || domain === baseDomain)
    throw new AppError("INVALID_INPUT", "HOP3_ADMIN_DOMAIN must be a name of its own, such as hop3.example.org.");
  if (https === undefined)
    throw new AppError("INVALID_INPUT", "HOP3_ADMIN_DOMAIN needs HTTPS: set HOP3_HTTPS_PORT, too.");
  return domain;
}

/** Looked at here, so that a server does not start with what it could not read later. */
function sourceNetworks(text: string): string {
  parseNetworks(text, "HOP3_SOURCE_NETWORKS");
  return text;
}

function modeOf(text: string): "user" | "system" {
  if (text === "user" || text === "system") return text;
  throw new AppError("INVALID_INPUT", "HOP3_MODE must be user or system.");
}
