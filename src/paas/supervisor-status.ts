/** What the supervisor sees of the apps. */
import type { AppStatus } from "#supervisor/protocol.ts";
import type { Platform } from "./platform.ts";

/** The apps that there are, and what the supervisor says of those that it has. */
export type Seen = { readonly apps: readonly string[]; readonly statuses: ReadonlyMap<string, AppStatus> };

/** By app name; an app without processes is not among them. */
export async function supervisorStatuses(
  platform: Pick<Platform, "supervisor" | "stopping">,
): Promise<ReadonlyMap<string, AppStatus>> {
  const { apps } = await platform.supervisor.call("status", {}, { signal: platform.stopping });
  return new Map(apps.map((status) => [status.app, status]));
}
