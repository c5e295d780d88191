import type { DesiredInstance } from "./desired.ts";
import type { InstanceStatus } from "./protocol.ts";
import type { Supervised } from "./supervised.ts";

/** What is told of a desired instance; `running` is undefined before its Supervised was made. */
export function instanceStatus(one: DesiredInstance, running: Supervised | undefined): InstanceStatus {
  return {
    id: one.id,
    release: one.release,
    type: one.type,
    index: one.index,
    state: running?.state ?? "pending",
    proven: one.proven,
    pid: running?.pid ?? null,
    address: running?.address ?? null,
    since: new Date(running?.since ?? 0).toISOString(),
    restarts: running?.crashes.restarts ?? 0,
    restartsInARow: running?.crashes.inARow ?? 0,
    outOfMemory: (running?.crashes.outOfMemory ?? 0) + (running?.run?.outOfMemory ?? 0),
    lastExit: running?.lastExit ?? null,
    failure: running?.failure ?? null,
    retryAt: isoOf(running?.crashes.retryAt ?? null),
  };
}

function isoOf(moment: number | null): string | null {
  return moment === null ? null : new Date(moment).toISOString();
}
