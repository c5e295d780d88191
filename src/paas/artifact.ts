/**
 * What a build made, as a record beside its tree (`builds/<n>/artifact.json`): all that a later release of the same build
 * needs, so that a change of configuration or a rollback builds nothing. It holds no value of the user's environment.
 */
import { readFileSync } from "node:fs";
import type { AppSpec } from "#core/app-spec.ts";
import { AppError, isNodeError } from "#core/errors.ts";
import { type Healthcheck, standardStatus, standardTries } from "#core/healthcheck.ts";
import type { Layout } from "#core/layout.ts";
import type { VolumeSpec } from "#core/volume.ts";
import { writeFileAtomic } from "#sys/atomic-file.ts";

export type Artifact = {
  readonly version: 2;
  readonly app: string;
  readonly build: number;
  readonly builder: string;
  readonly summary: string;
  /** Environment that the builder adds, words replaced; not the user's. */
  readonly env: Readonly<Record<string, string>>;
  /** Put in front of PATH. */
  readonly path: readonly string[];
  readonly processes: Readonly<Record<string, string>>;
  /** The app's folder in the tree, where its processes run; `.` for its root. */
  readonly cwd: string;
  /** URL prefix to directory, relative to the tree. */
  readonly staticPaths: Readonly<Record<string, string>>;
  /** Targets relative to the tree. Artifacts of earlier versions have none. */
  readonly volumes?: readonly VolumeSpec[];
  /** Declared in the app's files. */
  readonly domains: readonly string[];
  readonly spec: Pick<
    AppSpec,
    "hooks" | "cron" | "startTimeout" | "keepWarm" | "restart" | "healthcheck" | "limits" | "env" | "envPolicy"
  >;
};

export function artifactPath(layout: Layout, app: string, build: number): string {
  return `${layout.build(app, build)}/artifact.json`;
}

/** False for what is served by the edge alone: the supervisor has nothing to do for it. */
export function needsSupervisor({ processes, spec }: Pick<Artifact, "processes" | "spec">): boolean {
  return Object.keys(processes).length > 0 || spec.cron !== undefined;
}

export function writeArtifact(layout: Layout, artifact: Artifact): void {
  writeFileAtomic(artifactPath(layout, artifact.app, artifact.build), `${JSON.stringify(artifact, undefined, 2)}\n`);
}

/** Throws CONFLICT when the build is gone, or was made by a newer Hop3. */
export function readArtifact(layout: Layout, app: string, build: number): Artifact {
  let text: string;
  try {
    text = readFileSync(artifactPath(layout, app, build), "utf8");
  } catch (cause) {
    if (!isNodeError(cause) || cause.code !== "ENOENT") throw cause;
    throw new AppError("CONFLICT", `Build ${build} of ${app} is not on this server any more.`, {
      cause,
      hint: "Deploy the app again.",
    });
  }
  const artifact = JSON.parse(text) as Artifact | ArtifactV1;
  if (artifact.version === 1) return upgraded(artifact);
  if (artifact.version !== 2) {
    throw new AppError("CONFLICT", `Build ${build} of ${app} was made by a newer Hop3.`, {
      hint: "Run the newer Hop3, or deploy the app again.",
    });
  }
  return artifact;
}

/** Its health check was a path that had to answer 2xx or 3xx. */
type ArtifactV1 = Omit<Artifact, "version" | "spec"> & {
  readonly version: 1;
  readonly spec: Omit<Artifact["spec"], "healthcheck"> & {
    readonly healthcheck?: Pick<Healthcheck, "timeout" | "interval" | "retries"> & { readonly path: string };
  };
};

function upgraded({ spec: { healthcheck: old, ...spec }, ...artifact }: ArtifactV1): Artifact {
  if (old === undefined) return { ...artifact, version: 2, spec };
  const { path, ...tries } = old;
  const probe = { kind: "http", path, method: "GET", expected: standardStatus } as const;
  return { ...artifact, version: 2, spec: { ...spec, healthcheck: { ...standardTries, ...tries, probe } } };
}
