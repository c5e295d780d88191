/** What of a plan a server has already: so that an import can be said before it is done, and gone on with when it broke. */
import type { ImportedApp } from "#core/import/plan.ts";
import { AppError } from "#core/errors.ts";
import type { Client } from "../client.ts";

export type Missing = {
  readonly app: ImportedApp;
  readonly exists: boolean;
  /** It serves already: what is missing is set only when that is asked for. */
  readonly isLive: boolean;
  /** Names; a variable that is set already stays as it is. */
  readonly variables: readonly string[];
  readonly domains: readonly string[];
};

export async function compare(client: Client, app: ImportedApp): Promise<Missing> {
  const params = { app: app.name };
  const names = [...app.variables.keys()];
  const found = await client.call("showApp", { params }).catch((error: unknown) => {
    if (error instanceof AppError && error.code === "APP_NOT_FOUND") return undefined;
    throw error;
  });
  if (found === undefined) return { app, exists: false, isLive: false, variables: names, domains: app.domains };
  const [env, present] = await Promise.all([
    client.call("listEnv", { params }),
    client.call("listDomains", { params }),
  ]);
  const set = new Set(env.variables.filter(({ source }) => source === "user").map(({ name }) => name));
  const domains = new Set(present.domains.map(({ domain }) => domain));
  return {
    app,
    exists: true,
    isLive: found.release !== null,
    variables: names.filter((name) => !set.has(name)),
    domains: app.domains.filter((domain) => !domains.has(domain)),
  };
}

export function isComplete({ exists, variables, domains }: Missing): boolean {
  return exists && variables.length === 0 && domains.length === 0;
}
