/** app.json, Heroku's manifest (https://devcenter.heroku.com/articles/app-json-schema), with what dokku adds to it. */
import { quote, quoteStart } from "../names.ts";
import type { Draft } from "./draft.ts";

/** What is not carried over, by key, and what to do instead. */
const leftKeys: Readonly<Record<string, string>> = {
  addons: "databases and other services are not made by an import; set their addresses as variables",
  buildpacks: "Hop3 finds the builder by the files; `[build]` of hop3.toml says it",
  stack: "apps run on the server's own system",
  image: "apps run on the server's own system",
  environments: "review and test apps are not built yet",
  cron: "write them as `cron: M H D M W command` lines of the Procfile, or as `[[cron]]` of hop3.toml",
  healthchecks: "write them as `[healthcheck]` of hop3.toml",
};

export type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Undefined for what is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Variables that the draft has already are its own: the manifest's are for who sets none. */
export function readAppJson(draft: Draft, text: string): void {
  const manifest = parseJson(text);
  if (!isObject(manifest)) return draft.leave("app.json", "it is not a JSON object");
  const env = manifest["env"];
  if (isObject(env)) for (const [name, entry] of Object.entries(env)) readEnv(draft, name, entry);
  const formation = manifest["formation"];
  if (isObject(formation)) {
    for (const [type, entry] of Object.entries(formation)) {
      const quantity = isObject(entry) ? entry["quantity"] : entry;
      if (typeof quantity === "number") draft.count(type, String(quantity));
    }
  }
  const scripts = manifest["scripts"];
  if (isObject(scripts)) {
    for (const name of Object.keys(scripts).slice(0, 20)) {
      draft.leave(`script ${quoteName(name)}`, "a `release` line of the Procfile runs before each release goes live");
    }
  }
  for (const [key, why] of Object.entries(leftKeys)) {
    const value = manifest[key];
    if (value !== undefined && !(Array.isArray(value) && value.length === 0)) draft.leave(`${key} of app.json`, why);
  }
}

function readEnv(draft: Draft, name: string, entry: unknown): void {
  if (draft.has(name)) return;
  const value = isObject(entry) ? entry["value"] : entry;
  if (typeof value === "string") return draft.variable(name, value);
  if (typeof value === "number" || typeof value === "boolean") return draft.variable(name, String(value));
  if (!isObject(entry)) return draft.leave(quoteStart(name), "app.json gives it no text");
  if (entry["generator"] === "secret") {
    return draft.leave(
      quoteStart(name),
      'app.json wants a secret made: `{ generate = "hex" }` in `[env]` of hop3.toml does',
    );
  }
  if (entry["required"] !== false) draft.leave(quoteStart(name), "app.json requires it and gives no value: set it");
}

function quoteName(name: string): string {
  return /^[\w-]{1,40}$/.test(name) ? name : quote(name);
}
