/** What the builder needs of package.json, checked: the file is the app's, so anything may be in it. */
import { readSource } from "#core/app-config/source-text.ts";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { SourceFiles } from "#core/plugin.ts";

export type PackageJson = {
  readonly scripts: Readonly<Record<string, string>>;
  readonly main?: string;
  /** `engines.node`. */
  readonly node?: string;
  /** For example `pnpm@9.1.0`. */
  readonly packageManager?: string;
  /** Names of all dependencies, of every kind. */
  readonly dependencies: readonly string[];
};

const dependencyKeys = ["dependencies", "devDependencies", "optionalDependencies"] as const;

/** Undefined when there is none. Throws INVALID_SOURCE when it is a link, too large, no JSON, or a field has a wrong type. */
export function readPackageJson(files: SourceFiles): PackageJson | undefined {
  const text = readSource(files, "package.json", "INVALID_SOURCE", 1024 * 1024);
  if (text === undefined) return undefined;
  const json = parse(text);
  if (!isTable(json)) throw new AppError("INVALID_SOURCE", "package.json is not a JSON object.");
  const scripts = texts("scripts", json["scripts"]);
  const main = string("main", json["main"]);
  const node = string("engines.node", table("engines", json["engines"])["node"]);
  const packageManager = string("packageManager", json["packageManager"]);
  return {
    scripts,
    ...(main === undefined ? {} : { main }),
    ...(node === undefined ? {} : { node }),
    ...(packageManager === undefined ? {} : { packageManager }),
    dependencies: dependencyKeys.flatMap((key) => Object.keys(texts(key, json[key]))),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("INVALID_SOURCE", "package.json is not valid JSON.", { cause });
  }
}

function string(name: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === "string" && value.length <= 8192 && !value.includes("\0"))) return value;
  throw new AppError("INVALID_SOURCE", `${quote(name)} in package.json must be a string.`);
}

function table(name: string, value: unknown): Readonly<Record<string, unknown>> {
  if (value === undefined) return {};
  if (!isTable(value)) throw new AppError("INVALID_SOURCE", `${quote(name)} in package.json must be an object.`);
  return value;
}

function texts(name: string, value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(table(name, value)).map(([key, child]) => [key, string(`${name}.${key}`, child) ?? ""]),
  );
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
