/** Whether anything of an app answers over HTTP, and where. A worker has no address to show. */
import { defaultDomain, urlOf } from "./app-address.ts";
import type { Artifact } from "./artifact.ts";
import type { Platform } from "./platform.ts";

type Served = Pick<Artifact, "app" | "processes" | "staticPaths">;

export function isServed({ processes, staticPaths }: Served): boolean {
  return processes["web"] !== undefined || Object.keys(staticPaths).length > 0;
}

/** The URL to show for an app that runs this; null when nothing of it is served. */
export function servedUrl(
  { baseDomain, edge }: Pick<Platform, "baseDomain" | "edge">,
  artifact: Served,
): string | null {
  return isServed(artifact) ? urlOf(defaultDomain(artifact.app, baseDomain), edge) : null;
}
