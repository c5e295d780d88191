/** Which package tool an app is installed with, and how that tool is called. */
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { SourceFiles } from "#core/plugin.ts";
import type { PackageJson } from "./package-json.ts";

export type PackageTool = {
  readonly name: "npm" | "pnpm" | "yarn";
  /** Yarn 2 and later, whose commands differ. */
  readonly berry: boolean;
  /** Exact version; undefined for npm, whose version follows from Node's. */
  readonly version?: string;
  /** The lock file, undefined when there is none. */
  readonly lock?: string;
  /** The text that the tool prints when the lock file does not fit package.json. */
  readonly mismatch: string;
};

/** Used where the app pins none; pnpm by what the lock file was written by. */
const pins = { pnpm: "10.34.9", pnpmLock6: "8.15.9", pnpmLock5: "7.33.7", yarn: "1.22.22", berry: "4.18.1" };

const locks = [
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["package-lock.json", "npm"],
  ["npm-shrinkwrap.json", "npm"],
] as const;

/** `packageManager` decides, else the lock file, else npm. Throws INVALID_SOURCE or NOT_BUILT_YET. */
export function packageTool(files: SourceFiles, app: PackageJson): PackageTool {
  const pinned = app.packageManager === undefined ? undefined : parsePin(app.packageManager);
  const lock = locks.find(([file, tool]) => files.exists(file) && (pinned === undefined || pinned.name === tool));
  if (lock === undefined && pinned === undefined && (files.exists("bun.lock") || files.exists("bun.lockb"))) {
    throw new AppError("NOT_BUILT_YET", "The app has a lock file of bun, which is not built yet.");
  }
  const name = pinned?.name ?? lock?.[1] ?? "npm";
  const found = lock === undefined ? {} : { lock: lock[0] };
  if (name === "npm") return { name, berry: false, ...found, mismatch: "code EUSAGE" };
  if (name === "pnpm") {
    return {
      name,
      berry: false,
      version: pinned?.version ?? pnpmPin(files),
      ...found,
      mismatch: "ERR_PNPM_OUTDATED_LOCKFILE",
    };
  }
  const berry = pinned === undefined ? isBerryLock(files) : !pinned.version.startsWith("1.");
  return {
    name,
    berry,
    version: pinned?.version ?? (berry ? pins.berry : pins.yarn),
    ...found,
    mismatch: berry ? "YN0028" : "Your lockfile needs to be updated",
  };
}

function parsePin(packageManager: string): { name: "npm" | "pnpm" | "yarn"; version: string } {
  const match = /^(npm|pnpm|yarn)@(\d+\.\d+\.\d+(?:-[\w.]+)?)(?:\+[\w.]+)?$/.exec(packageManager);
  const [, name, version] = match ?? [];
  if (name !== undefined && version !== undefined) return { name: name as "npm" | "pnpm" | "yarn", version };
  if (packageManager.startsWith("bun@"))
    throw new AppError("NOT_BUILT_YET", "`packageManager` is bun, which is not built yet.");
  throw new AppError(
    "INVALID_SOURCE",
    `\`packageManager\` ${quote(packageManager)} in package.json is not npm, pnpm or yarn with an exact version.`,
  );
}

function pnpmPin(files: SourceFiles): string {
  // A lock file above 1 MiB cannot be read here; then it is taken for a present one.
  const version = /^lockfileVersion:\s*['"]?(\d+)/m.exec(files.read("pnpm-lock.yaml") ?? "")?.[1];
  if (version === "5") return pins.pnpmLock5;
  return version === "6" ? pins.pnpmLock6 : pins.pnpm;
}

function isBerryLock(files: SourceFiles): boolean {
  return files.exists(".yarnrc.yml") || /^__metadata:/m.test(files.read("yarn.lock") ?? "");
}

/** What the tool is told, without its own name. `development` brings what only the build needs. */
export function installArgs(tool: PackageTool, development: boolean): readonly string[] {
  const locked = tool.lock !== undefined;
  if (tool.name === "npm") {
    return [
      locked ? "ci" : "install",
      development ? "--include=dev" : "--omit=dev",
      ...(locked ? [] : ["--no-package-lock"]),
    ];
  }
  if (tool.name === "pnpm") {
    return ["install", locked ? "--frozen-lockfile" : "--no-frozen-lockfile", development ? "--prod=false" : "--prod"];
  }
  if (tool.berry) return ["install", ...(locked ? ["--immutable"] : ["--no-immutable"])];
  return [
    "install",
    "--non-interactive",
    ...(locked ? ["--frozen-lockfile"] : ["--no-lockfile"]),
    `--production=${!development}`,
  ];
}

/** Takes away what only the build needed; undefined where the tool cannot. */
export function pruneArgs(tool: PackageTool): readonly string[] | undefined {
  if (tool.name === "npm") return ["prune", "--omit=dev", "--ignore-scripts"];
  if (tool.name === "pnpm") return ["prune", "--prod", "--ignore-scripts"];
  if (tool.berry) return undefined;
  return [
    "install",
    "--non-interactive",
    "--ignore-scripts",
    "--offline",
    "--production=true",
    ...(tool.lock === undefined ? ["--no-lockfile"] : ["--frozen-lockfile"]),
  ];
}
