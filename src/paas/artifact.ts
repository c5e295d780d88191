/**
 * What a build made, as a record beside its tree (`builds/<n>/artifact.json`): all that a later release of the same build
 * needs, so that a change of configuration or a rollback builds nothing. It holds no value of the user's environment.
 */
import { readFileSync } from "node:fs";
import type { AppSpec } from "#core/app-spec.ts";
import { AppError, isNodeError } from "#core/errors.ts";
import type { Layout } from "#core/layout.ts";
import { writeFileAtomic } from "#sys/atomic-file.ts";

export type Artifact = {
  readonly version: 1;
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
  /** Declared in the app's files. */
  readonly domains: readonly string[];
  readonly spec: Pick<AppSpec, "hooks" | "startTimeout" | "keepWarm" | "healthcheck" | "env" | "envPolicy">;
};

export function artifactPath(layout: Layout, app: string, build: number): string {
  return `${layout.build(app, build)}/artifact.json`;
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
  const artifact = JSON.parse(text) as Artifact;
  if (artifact.version !== 1) {
    throw new AppError("CONFLICT", `Build ${build} of ${app} was made by a newer Hop3.`, {
      hint: "Run the newer Hop3, or deploy the app again.",
    });
  }
  return artifact;
}
