import type { InstanceStatus } from "#supervisor/protocol.ts";

/** True for one that ended with exit 0 and that its restart policy lets stay so: it has done its work. */
export function hasEndedWell({ state, failure }: Pick<InstanceStatus, "state" | "failure">): boolean {
  return state === "ended" && failure === null;
}
