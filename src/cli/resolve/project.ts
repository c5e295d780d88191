/** What the directory says about itself: `[cli]`, `[contexts.NAME]` and `[metadata]` of its hop3.toml, `.hop3-app`. */
import { AppError } from "#core/errors.ts";
import { parseAppName, quote } from "#core/names.ts";
import { isTable, type Table } from "../toml-file.ts";
import { findUp } from "./find-up.ts";

export type ProjectContext = {
  readonly server: string | undefined;
  readonly app: string | undefined;
  readonly isProtected: boolean;
};

export type Project = {
  /** Of its hop3.toml. */
  readonly file: string;
  readonly directory: string;
  /** `[cli] app` and `[metadata] id`. */
  readonly cliApp: string | undefined;
  readonly id: string | undefined;
  readonly contexts: ReadonlyMap<string, ProjectContext>;
};

export const contextName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** The hop3.toml here or above. Throws INVALID_CONFIG, INVALID_APP_NAME; what else is wrong with the file the server says. */
export async function readProject(directory: string): Promise<Project | undefined> {
  const found = findUp(directory, "hop3.toml");
  if (found === undefined) return undefined;
  const { parse, TomlError } = await import("smol-toml");
  let table: Table;
  try {
    table = parse(found.text);
  } catch (cause) {
    const line = cause instanceof TomlError ? `, line ${cause.line},` : "";
    throw new AppError("INVALID_CONFIG", `${found.path}${line} is not valid TOML.`, { cause });
  }
  const app = (section: unknown, key: string): string | undefined => {
    const value = isTable(section) ? section[key] : undefined;
    return typeof value === "string" ? parseAppName(value) : undefined;
  };
  return {
    file: found.path,
    directory: found.directory,
    cliApp: app(table["cli"], "app"),
    id: app(table["metadata"], "id"),
    contexts: contextsOf(found.path, table["contexts"]),
  };
}

/** `.hop3-app`, here or above: one line with the app's name. */
export function stickyApp(directory: string): { name: string; path: string; directory: string } | undefined {
  const found = findUp(directory, ".hop3-app");
  return found === undefined
    ? undefined
    : { name: parseAppName(found.text.trim()), path: found.path, directory: found.directory };
}

function contextsOf(file: string, section: unknown): Map<string, ProjectContext> {
  const contexts = new Map<string, ProjectContext>();
  if (section === undefined) return contexts;
  const bad = (what: string) => new AppError("INVALID_CONFIG", `${file}: ${what}.`);
  if (!isTable(section)) throw bad("`contexts` is no table");
  for (const [name, entry] of Object.entries(section)) {
    if (!contextName.test(name)) throw bad(`${quote(name)} is not a valid name of a context`);
    if (!isTable(entry)) throw bad(`context ${quote(name)} is no table`);
    const { server, app, protected: isProtected = false } = entry;
    if (server !== undefined && typeof server !== "string") throw bad(`\`server\` of context ${name} must be a text`);
    if (app !== undefined && typeof app !== "string") throw bad(`\`app\` of context ${name} must be a text`);
    if (typeof isProtected !== "boolean") throw bad(`\`protected\` of context ${name} must be true or false`);
    contexts.set(name, { server, app: app === undefined ? undefined : parseAppName(app), isProtected });
  }
  return contexts;
}
