/** What the steps of one deploy share: its numbers, and what earlier steps found out. */
import type { Actor } from "#core/actor.ts";
import type { AppSpec } from "#core/app-spec.ts";
import type { BuildPlan, Builder } from "#core/plugin.ts";
import { readEnv } from "#store/env.ts";
import type { Artifact } from "../artifact.ts";
import type { ReleaseSettings } from "../release-settings.ts";
import type { Platform } from "../platform.ts";
import { changeVariables } from "../variables.ts";
import type { UnderWay } from "./under-way.ts";

export type DeployJob = {
  readonly platform: Platform;
  readonly app: string;
  readonly deploy: number;
  readonly by: Actor;
  /** What the release is, in the list of releases; what its build is unless given. */
  readonly summary?: string;
  /** What the release is to carry; the app's settings at its turn unless given, with `set`. */
  readonly settings?: ReleaseSettings;
  /** Variables that came with the deploy. */
  readonly set?: Readonly<Record<string, string>>;
  /** Whether it may go on; up to the cut-over each step that takes long listens to its signal. */
  readonly underWay: UnderWay;
  /** Bytes of the build's log so far. */
  readonly logLength: () => number;
};

/** After detect: who builds it, and how. */
export type Detected = {
  readonly spec: AppSpec;
  readonly builder: Builder;
  readonly reason: string;
  readonly plan: BuildPlan;
};

/** After release: what is to be brought live in place of what. */
export type Candidate = {
  readonly release: number;
  readonly artifact: Artifact;
  /** The release that serves now, if any. */
  readonly replaces: number | null;
  /** False for an app that is served by the edge alone. */
  readonly isSupervised: boolean;
};

/** What is carried by the release of a deploy, asked at its turn: what was before it in the line has ended. */
export async function settingsOf({ platform, app, settings, set = {} }: DeployJob): Promise<ReleaseSettings> {
  if (settings !== undefined) return settings;
  const present = await readEnv(platform.store, app, platform.masterKey);
  return { variables: changeVariables(present, { set, unset: [] }), restores: null };
}
