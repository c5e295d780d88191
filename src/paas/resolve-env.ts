/**
 * The environment of a release, from all who have a say. Pure: the same inputs give the same environment, so a release
 * can be explained. Later sources win: platform < builder < the app's files < the user's settings (the last two the other
 * way round with `_policy = "override"`). What the supervisor adds for each instance (PORT and so on) is not in here.
 */
import { expandTemplate } from "#core/app-config/template.ts";
import { AppError } from "#core/errors.ts";
import type { Artifact } from "./artifact.ts";

export type EnvSourceName = "platform" | "config" | "computed" | "generated" | "user";

export type ResolvedEnv = ReadonlyMap<string, { readonly value: string; readonly source: EnvSourceName }>;

export type EnvInputs = {
  readonly artifact: Pick<Artifact, "app" | "env" | "path"> & {
    readonly spec: Pick<Artifact["spec"], "env" | "envPolicy">;
  };
  /** What the store holds: set by the user, or generated once. */
  readonly stored: readonly {
    readonly name: string;
    readonly value: string;
    readonly source: "user" | "generated" | "file";
  }[];
  /** HOME, HOP3_DATA_DIR and the like. */
  readonly platform: Readonly<Record<string, string>>;
  /** The domains of the app, the default one first. */
  readonly domains: readonly string[];
};

const systemPath = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** Most characters of what an app's own files put into its environment; the kernel takes 2 MiB of a new process's. */
const environmentMax = 1024 * 1024;

/** Throws INVALID_CONFIG when a computed value refers to a variable that is not set, or when it all grows too large. */
export function resolveEnv({ artifact, stored, platform, domains }: EnvInputs): ResolvedEnv {
  const env = new Map<string, { value: string; source: EnvSourceName }>();
  const put = (name: string, value: string, source: EnvSourceName) => env.set(name, { value, source });

  for (const [name, value] of Object.entries(platform)) put(name, value, "platform");
  put("APP", artifact.app, "platform");
  put("PATH", [...artifact.path, ...systemPath].join(":"), "platform");
  put("HOST_NAME", domains.join(","), "platform");
  for (const [name, value] of Object.entries(artifact.env)) put(name, value, "platform");

  const user = () => {
    for (const { name, value, source } of stored) if (source === "user") put(name, value, "user");
  };
  for (const { name, value, source } of stored) if (source === "generated") put(name, value, "generated");
  if (artifact.spec.envPolicy === "override") user();
  for (const entry of artifact.spec.env) {
    if (entry.kind === "value") put(entry.name, entry.value, "config");
    if (entry.kind === "app") put(entry.name, appFact(entry.key, artifact.app, domains), "config");
  }
  if (artifact.spec.envPolicy === "keep-existing") user();
  let size = 0;
  for (const entry of artifact.spec.env) {
    const settled = artifact.spec.envPolicy === "keep-existing" && env.get(entry.name)?.source === "user";
    if (entry.kind === "computed" && !settled)
      put(
        entry.name,
        expandTemplate(entry.name, entry.template, (name) => env.get(name)?.value),
        "computed",
      );
    size += (env.get(entry.name)?.value.length ?? 0) + entry.name.length;
    if (size > environmentMax) {
      throw new AppError("INVALID_CONFIG", `The app's environment is larger than ${environmentMax} characters.`);
    }
  }
  return env;
}

/** As a plain record, for sealing. */
export function envRecord(env: ResolvedEnv): Record<string, string> {
  return Object.fromEntries([...env].map(([name, { value }]) => [name, value]));
}

function appFact(key: "domain" | "hostname" | "name", app: string, domains: readonly string[]): string {
  return key === "name" ? app : (domains[0] ?? "");
}
