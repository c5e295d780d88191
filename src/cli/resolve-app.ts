/**
 * Which app is meant. First that says it wins: --app, HOP3_APP, .hop3-app (here or above), hop3.toml `[cli] app`,
 * hop3.toml `[metadata] id`; for a deploy at last the directory's own name.
 */
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { AppError, isNodeError } from "#core/errors.ts";
import { isAppName, parseAppName, quote } from "#core/names.ts";

export type ResolvedApp = {
  readonly name: string;
  /** For the reader: `--app`, `HOP3_APP`, `/home/me/blog/hop3.toml [metadata] id`. */
  readonly source: string;
};

export type AppQuestion = {
  readonly flag: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where to look from. */
  readonly directory: string;
  /** Take the directory's name when nothing else says one. */
  readonly orDirectory: boolean;
  /** Refuse an app from HOP3_APP that contradicts the directory's own hop3.toml: the wrong app would be changed. */
  readonly guard: boolean;
};

const fileMax = 1024 * 1024;

/** Throws NO_APP with what was tried, INVALID_APP_NAME, CONFLICT (the guard). */
export async function resolveApp(question: AppQuestion): Promise<ResolvedApp> {
  const { flag, env, directory } = question;
  if (flag !== undefined) return { name: parseAppName(flag), source: "--app" };
  const fromEnv = env["HOP3_APP"];
  if (fromEnv !== undefined && fromEnv !== "") {
    const name = parseAppName(fromEnv);
    const own = question.guard ? (await fromToml(directory))?.metadata : undefined;
    if (own !== undefined && own.name !== name) {
      throw new AppError("CONFLICT", `HOP3_APP names ${quote(name)}, but ${own.source} names ${quote(own.name)}.`, {
        hint: `Say which one with --app, or repeat with --force.`,
      });
    }
    return { name, source: "HOP3_APP" };
  }
  const marker = findUp(directory, ".hop3-app");
  if (marker !== undefined) return { name: parseAppName(marker.text.trim()), source: marker.path };
  const toml = await fromToml(directory);
  const named = toml?.cli ?? toml?.metadata;
  if (named !== undefined) return named;
  if (question.orDirectory) {
    const name = nameOfDirectory(directory);
    if (name !== undefined) return { name, source: "the directory's name" };
  }
  const own = nameOfDirectory(directory);
  throw new AppError("NO_APP", "It is not clear which app is meant.", {
    ...(question.orDirectory || own === undefined
      ? {}
      : { hint: `Name the app with \`--app\`. To keep it for this directory: echo ${own} > .hop3-app` }),
    details: [
      "--app: not given",
      "HOP3_APP: not set",
      `.hop3-app: not in ${directory} or above`,
      toml === undefined
        ? `hop3.toml: not in ${directory} or above`
        : `${toml.path}: neither [cli] app nor [metadata] id`,
      ...(question.orDirectory ? [`directory: ${quote(basename(directory))} makes no valid name`] : []),
    ],
  });
}

/** A directory's name as an app name: lower case, what does not fit becomes a hyphen; undefined when nothing is left. */
export function nameOfDirectory(directory: string): string | undefined {
  const name = basename(directory)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, 64)
    .replace(/-+$/, "");
  return isAppName(name) ? name : undefined;
}

type Toml = { readonly path: string; readonly cli?: ResolvedApp; readonly metadata?: ResolvedApp };

async function fromToml(directory: string): Promise<Toml | undefined> {
  const found = findUp(directory, "hop3.toml");
  if (found === undefined) return undefined;
  const { parse, TomlError } = await import("smol-toml");
  let table: Record<string, unknown>;
  try {
    table = parse(found.text);
  } catch (cause) {
    const line = cause instanceof TomlError ? `, line ${cause.line},` : "";
    throw new AppError("INVALID_CONFIG", `${found.path}${line} is not valid TOML.`, { cause });
  }
  const read = (section: string, key: string): ResolvedApp | undefined => {
    const value = (table[section] as Record<string, unknown> | undefined)?.[key];
    return typeof value === "string"
      ? { name: parseAppName(value), source: `${found.path} [${section}] ${key}` }
      : undefined;
  };
  const cli = read("cli", "app");
  const metadata = read("metadata", "id");
  return { path: found.path, ...(cli === undefined ? {} : { cli }), ...(metadata === undefined ? {} : { metadata }) };
}

function findUp(directory: string, name: string): { path: string; text: string } | undefined {
  for (let at = directory; ; at = dirname(at)) {
    const path = join(at, name);
    try {
      return { path, text: readFileSync(path, "utf8").slice(0, fileMax) };
    } catch (error) {
      if (!isNodeError(error) || !["ENOENT", "ENOTDIR", "EISDIR", "EACCES"].includes(error.code ?? "")) throw error;
    }
    if (at === dirname(at)) return undefined;
  }
}
