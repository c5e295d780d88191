/** What the supervisor says of its host and mode, in words for whoever looks at an app or the server: nothing is pretended. */
import { notEnforced, type AppLimits } from "#core/app-limits.ts";
import type { HostStatus } from "#supervisor/host-facts.ts";
import type { Platform } from "./platform.ts";

export function hostStatus({ supervisor, stopping }: Pick<Platform, "supervisor" | "stopping">): Promise<HostStatus> {
  return supervisor.call("host", {}, { signal: stopping });
}

/** How the mode is; null where it holds apps apart. */
export function modeNote({ appsRunAs }: HostStatus): string | null {
  if (appsRunAs === null) return null;
  return `User mode: apps run as ${appsRunAs}, with no walls between them and no limits on what they take.`;
}

/** What does not hold for all apps. */
export function hostNotes(host: HostStatus): string[] {
  const mode = modeNote(host);
  return [...(mode === null ? [] : [mode]), ...host.missing.map(({ message }) => message)];
}

/** What does not hold for an app with these limits. */
export function appHostNotes(host: HostStatus, limits: AppLimits | undefined): string[] {
  return [...hostNotes(host), ...(limits === undefined ? [] : notEnforced(limits, host.unenforced))];
}
