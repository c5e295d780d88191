/** The server itself: version, mode, services, and what this mode does not enforce. */
import { hostname } from "node:os";
import type { SystemInfo } from "#core/api/system.ts";
import { listApps } from "#store/apps.ts";
import { roomNotes } from "./disk/room.ts";
import { hostNotes, hostStatus } from "./host.ts";
import type { Platform } from "./platform.ts";

export async function systemInfo(platform: Platform): Promise<SystemInfo> {
  const { services } = await platform.supervisor.call("status", {}, { signal: platform.stopping });
  const room = await platform.disk.room();
  const own = await platform.disk.own();
  return {
    version: platform.version,
    mode: platform.mode,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    hostname: hostname(),
    startedAt: platform.startedAt,
    root: platform.layout.root,
    api: platform.apiUrl,
    edge: { kind: platform.proxy.name, httpPort: platform.edge.httpPort, httpsPort: platform.edge.https?.port ?? null },
    services: services.map(({ name, state, pid, since, restarts }) => ({ name, state, pid, since, restarts })),
    apps: (await listApps(platform.store)).length,
    disk: { ...room, ...own },
    notes: [...roomNotes(room), ...hostNotes(await hostStatus(platform)), ...httpsNotes(platform)],
  };
}

function httpsNotes({ edge }: Pick<Platform, "edge">): string[] {
  if (edge.https === undefined) return ["HTTP only: HTTPS is not served (HOP3_HTTPS_PORT)."];
  if (edge.https.acme !== undefined) return [];
  return ["HTTPS certificates are of the server's own authority, which no browser knows (HOP3_ACME_EMAIL)."];
}
