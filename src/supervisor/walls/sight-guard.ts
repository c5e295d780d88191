/** Keeps the entries of /proc/net closed to apps: from the start of a supervisor on, and again when somebody has opened them. */
import type { Clock } from "#sys/clock.ts";
import type { OwnLog } from "../own-log.ts";
import { closeSight } from "./sight.ts";

/** How long an app could see what a module of the kernel shows that was loaded since. */
const lookMs = 30_000;

export type SightGuard = {
  /** What of it apps can read, as of the last look: none, or `sight` is a missing wall. */
  readonly open: readonly string[];
  /** Looks now and then, until the signal. Never rejects. */
  watch(signal: AbortSignal): Promise<void>;
};

type Options = {
  /** The group that all apps are in, and nobody else. */
  readonly gid: number;
  readonly clock: Clock;
  readonly log: OwnLog;
  readonly directory?: string;
};

/** Closes them before it returns. */
export function sightGuard({ gid, clock, log, directory = "/proc/net" }: Options): SightGuard {
  let open: readonly string[] = [];
  const look = (): number => {
    try {
      const found = closeSight(gid, directory);
      ({ open } = found);
      return found.closed;
    } catch (error) {
      open = [directory];
      log("what the network tells could not be closed to apps", { reason: String(error) });
      return 0;
    }
  };
  look();
  return {
    get open() {
      return open;
    },
    watch: async (signal) => {
      const rest = (): Promise<boolean> =>
        clock.sleep(lookMs, signal).then(
          () => true,
          () => false,
        );
      while (await rest()) {
        const closed = look();
        if (closed > 0) log("entries of /proc/net were open to apps: they are closed again", { entries: closed });
      }
    },
  };
}
