import { userInfo } from "node:os";
import { limitKinds, type Unenforced } from "#core/app-limits.ts";
import type { HostStatus } from "./host-facts.ts";
import type { System } from "./system.ts";

/** What this host and mode hold apps to. User mode holds them to nothing, and says so. */
export function hostStatus(
  system: Pick<System, "ceiling" | "unenforced" | "missing"> | undefined,
  disk: HostStatus["disk"],
): HostStatus {
  if (system === undefined) {
    return {
      mode: "user",
      appsRunAs: ownName(),
      ceiling: {},
      unenforced: unenforcedInUserMode,
      missing: [],
      disk,
    };
  }
  const { ceiling, unenforced, missing } = system;
  return { mode: "system", appsRunAs: null, ceiling, unenforced, missing: missing(), disk };
}

const unenforcedInUserMode: Unenforced = Object.fromEntries(
  limitKinds.map(({ name }) => [name, "this server runs in user mode, which enforces none."]),
);

/** A user may be without a name. */
function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}
