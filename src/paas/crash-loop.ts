/** What keeps ending. Pure. */
import type { CrashLoop } from "#core/api/apps.ts";
import type { AppStatus, InstanceStatus } from "#supervisor/protocol.ts";

/** Restarts in a row from which on it is a loop: it has ended again after its first restart. */
const loopFrom = 2;

type Facts = Pick<InstanceStatus, "state" | "restartsInARow">;

/** Until it was in service for a minute, or somebody begins anew; also when it has been given up. */
export function isCrashLoop({ state, restartsInARow }: Facts): boolean {
  return state === "exhausted" || restartsInARow >= loopFrom;
}

/** Of the live release, by name. */
export function crashLoops(status: Pick<AppStatus, "live" | "instances"> | undefined): CrashLoop[] {
  return (status?.instances ?? [])
    .filter((one) => one.release === status?.live && one.proven && isCrashLoop(one))
    .map(({ type, index, state, restartsInARow, lastExit, retryAt }) => ({
      process: `${type}.${index}`,
      givenUp: state === "exhausted",
      restarts: restartsInARow,
      lastExit,
      nextTry: retryAt,
    }))
    .toSorted((a, b) => (a.process < b.process ? -1 : 1));
}
