/**
 * Brings the edge to what the store says: renders the routes, and loads the document only when it differs from the one in
 * force. The file is the last good document, which Caddy starts from by itself.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { toAppError } from "#core/errors.ts";
import type { EdgeRoute } from "#core/plugin.ts";
import { listApps } from "#store/apps.ts";
import { listAllDomains } from "#store/domains.ts";
import { getRelease } from "#store/releases.ts";
import { writeFileAtomic } from "#sys/atomic-file.ts";
import { defaultDomain } from "./app-address.ts";
import { readArtifact } from "./artifact.ts";
import type { Platform } from "./platform.ts";
import { isServed } from "./served.ts";
import { staticLink } from "./static-link.ts";

type Edged = Pick<
  Platform,
  "store" | "layout" | "proxy" | "edge" | "baseDomain" | "queue" | "clock" | "log" | "stopping"
>;

/** Concurrent calls run one after the other: the last one renders the last state. Throws UNAVAILABLE, PLUGIN_FAILED. */
export function syncEdge(platform: Edged): Promise<void> {
  // A key that is no app name, so that it stands in nobody's line.
  return platform.queue.run("#edge", async () => {
    const document = platform.proxy.render(await edgeRoutes(platform), platform.edge);
    if (readDocument(platform.layout.edgeDocument) === document) return;
    await platform.proxy.load(document, platform.edge, platform.stopping);
    writeFileAtomic(platform.layout.edgeDocument, document, documentMode);
  });
}

/** In system mode the edge is another user, in the group of the document's directory. */
const documentMode = 0o640;

/** Milliseconds before an edge that was away is asked again. */
const pause = 1000;

/** For a start of hop3d: an edge that is not there yet, or does not take it, is asked until it does. */
export async function untilEdgeInSync(platform: Edged): Promise<void> {
  while (!platform.stopping.aborted) {
    try {
      return await syncEdge(platform);
    } catch (thrown) {
      if (platform.stopping.aborted) return;
      platform.log.error("the edge could not be brought to what is recorded; trying again", {
        error: toAppError(thrown),
      });
    }
    await platform.clock.sleep(pause, platform.stopping).catch(() => undefined);
  }
}

/** Writes the document that the store asks for, for an edge that is not running yet. */
export async function writeEdgeDocument(platform: Platform): Promise<void> {
  writeFileAtomic(
    platform.layout.edgeDocument,
    platform.proxy.render(await edgeRoutes(platform), platform.edge),
    documentMode,
  );
}

async function edgeRoutes(platform: Omit<Edged, "queue" | "clock" | "stopping">): Promise<EdgeRoute[]> {
  const { store, layout } = platform;
  const domains = Map.groupBy(await listAllDomains(store), ({ app }) => app);
  const routes: EdgeRoute[] = [];
  for (const { name, liveRelease, destroyedBy } of await listApps(store)) {
    if (liveRelease === null || destroyedBy !== null) continue;
    const release = await getRelease(store, name, liveRelease);
    if (release === undefined) continue;
    const artifact = artifactOf(platform, name, release.build);
    if (!isServed(artifact)) continue;
    const own = (domains.get(name) ?? []).map((domain) => domain.name);
    routes.push({
      app: name,
      domains: [defaultDomain(name, platform.baseDomain), ...own],
      ...(artifact.processes["web"] === undefined ? {} : { slots: layout.slots(name) }),
      staticPaths: Object.fromEntries(
        Object.entries(artifact.staticPaths).map(([prefix, directory]) => [
          prefix,
          join(staticLink(layout, name), directory),
        ]),
      ),
    });
  }
  return routes;
}

/** One app whose record cannot be read keeps no other from its routes; its own processes may still serve. */
function artifactOf(
  { layout, log }: Pick<Platform, "layout" | "log">,
  app: string,
  build: number,
): Parameters<typeof isServed>[0] {
  try {
    return readArtifact(layout, app, build);
  } catch (error) {
    log.error("the record of a build cannot be read; its app is served by its processes alone", { app, build, error });
    return { app, processes: { web: "" }, staticPaths: {} };
  }
}

function readDocument(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
