/** The domains of an app: the default one, which it always has, and its own. */
import type { Actor } from "#core/actor.ts";
import { AppError } from "#core/errors.ts";
import { parseDomain, quote } from "#core/names.ts";
import { listApps } from "#store/apps.ts";
import * as domainRows from "#store/domains.ts";
import { appendEvent } from "#store/events.ts";
import { defaultDomain, urlOf } from "./app-address.ts";
import { liveArtifact } from "./live-artifact.ts";
import { requireApp } from "./require-app.ts";
import { syncEdge } from "./edge.ts";
import type { Platform } from "./platform.ts";

export type AppDomain = {
  readonly domain: string;
  readonly url: string;
  readonly source: "default" | "config" | "user";
};

/** The default domain first. */
export async function appDomains(
  platform: Pick<Platform, "store" | "baseDomain" | "edge" | "layout">,
  app: string,
): Promise<AppDomain[]> {
  const own = await domainRows.listDomains(platform.store, app);
  const declared = new Set((await liveArtifact(platform, app))?.domains);
  const view = (domain: string, source: AppDomain["source"]) => ({ domain, url: urlOf(domain, platform.edge), source });
  return [
    view(defaultDomain(app, platform.baseDomain), "default"),
    ...own.map(({ name }) => view(name, declared.has(name) ? "config" : "user")),
  ];
}

export async function addDomain(platform: Platform, app: string, name: string, by: Actor): Promise<AppDomain[]> {
  await requireApp(platform, app);
  const domain = parseDomain(name);
  await refuseDefaults(platform, domain);
  if (await domainRows.addDomain(platform.store, app, domain)) {
    await syncEdge(platform);
    await appendEvent(platform.store, { actor: by, action: "app.domain.add", app, target: domain, outcome: "ok" });
  }
  return appDomains(platform, app);
}

export async function removeDomain(platform: Platform, app: string, name: string, by: Actor): Promise<AppDomain[]> {
  await requireApp(platform, app);
  const domain = parseDomain(name);
  if (domain === defaultDomain(app, platform.baseDomain)) {
    throw new AppError("CONFLICT", `${domain} is the app's default domain, which cannot be removed.`, {
      hint: "Add a domain of your own beside it.",
    });
  }
  if (!(await domainRows.removeDomain(platform.store, app, domain))) {
    throw new AppError("NOT_FOUND", `${app} has no domain ${quote(domain)}.`, {
      hint: "`hop3 domain list` shows them.",
    });
  }
  await syncEdge(platform);
  await appendEvent(platform.store, {
    actor: by,
    action: "app.domain.remove",
    app,
    target: domain,
    outcome: "ok",
  });
  return appDomains(platform, app);
}

/** The server's own names are no app's; a domain that is another app's default one would have two owners. Throws DOMAIN_TAKEN. */
export async function refuseDefaults(
  platform: Pick<Platform, "store" | "baseDomain" | "edge">,
  domain: string,
): Promise<void> {
  if (domain === "localhost" || domain === platform.baseDomain) {
    throw new AppError("DOMAIN_TAKEN", `${domain} is the server's own name.`, { hint: "Choose a name below it." });
  }
  refuseAdminDomain(platform, domain);
  if (!domain.endsWith(`.${platform.baseDomain}`)) return;
  for (const { name } of await listApps(platform.store)) {
    if (defaultDomain(name, platform.baseDomain) === domain) {
      throw new AppError("DOMAIN_TAKEN", `${domain} is the default domain of the app ${name}.`);
    }
  }
}

/** Throws DOMAIN_TAKEN. */
export function refuseAdminDomain({ edge }: Pick<Platform, "edge">, domain: string): void {
  if (domain !== edge.admin?.domain) return;
  throw new AppError("DOMAIN_TAKEN", `${domain} is where this server's own API is.`, { hint: "Choose another name." });
}
