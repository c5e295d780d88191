/**
 * The settings that a release carries (`releases/<n>/settings.json`, sealed): what the store says of the app's variables once
 * the release serves. A change of variables and a rollback so happen whole or not at all, whoever dies in between.
 */
import { readFileSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { AppError, isNodeError } from "#core/errors.ts";
import type { Layout } from "#core/layout.ts";
import { seal, unseal, type MasterKey } from "#core/sealed.ts";
import { replaceEnv, type EnvInput } from "#store/env.ts";
import { writeFileAtomic } from "#sys/atomic-file.ts";
import type { Platform } from "./platform.ts";

export type ReleaseSettings = {
  /** The app's variables as the store holds them; not what its files or the platform add. */
  readonly variables: readonly EnvInput[];
  /** The release that this one brings back; null for a deploy or a change of settings. */
  readonly restores: number | null;
};

type Keyed = Pick<Platform, "layout" | "masterKey">;

export async function writeSettings(
  { layout, masterKey }: Keyed,
  app: string,
  release: number,
  { variables, restores }: ReleaseSettings,
): Promise<void> {
  const path = layout.releaseSettings(app, release);
  const sealed = seal(masterKey, context(app, release), JSON.stringify(variables));
  writeFileAtomic(path, JSON.stringify({ version: 1, restores, variables: sealed }));
  await chmod(path, 0o400);
}

/** Undefined for a release that an older Hop3 made. Throws CONFLICT for one of a newer Hop3. */
export function readSettings(
  { layout, masterKey }: { readonly layout: Layout; readonly masterKey: MasterKey },
  app: string,
  release: number,
): ReleaseSettings | undefined {
  let text: string;
  try {
    text = readFileSync(layout.releaseSettings(app, release), "utf8");
  } catch (error) {
    if (isNodeError(error) && error.code === "ENOENT") return undefined;
    throw error;
  }
  const { version, restores, variables } = JSON.parse(text) as { version: number; restores: number; variables: string };
  if (version !== 1) throw new AppError("CONFLICT", `Release ${release} of ${app} was made by a newer Hop3.`);
  const plain = unseal(masterKey, context(app, release), variables);
  return { restores, variables: JSON.parse(plain) as EnvInput[] };
}

/** The release serves: the store says what it carries. May be repeated. */
export async function applySettings(platform: Platform, app: string, release: number): Promise<void> {
  const { store, masterKey } = platform;
  const settings = readSettings(platform, app, release);
  if (settings !== undefined) await replaceEnv(store, app, settings.variables, masterKey);
}

function context(app: string, release: number): string {
  return `release-settings:${app}:${release}`;
}
