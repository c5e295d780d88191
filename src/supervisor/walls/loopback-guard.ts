/**
 * Keeps the rules of the loopback loaded: those of all apps at once, whenever the apps change, and again when somebody has
 * taken them away, as a reload of a host's own firewall does.
 */
import type { Clock } from "#sys/clock.ts";
import type { HostTool } from "../host-tool.ts";
import type { OwnLog } from "../own-log.ts";
import { loopbackRules, loopbackTable, type LoopbackApp, type NetCgroup } from "./loopback.ts";

const nft = "/usr/sbin/nft";
/** How long an app could reach what it should not, after somebody has flushed the rules. */
const lookMs = 30_000;

export type LoopbackGuard = {
  /** Loads the rules for these apps, whose cgroups exist; once this resolves true they hold. False, and logged, when they could not be loaded. */
  hold(apps: readonly LoopbackApp[]): Promise<boolean>;
  /** Looks now and then whether they are still there, until the signal. Never rejects. */
  watch(signal: AbortSignal): Promise<void>;
  /** Whether they were there when last looked at: else `loopback` is a missing wall. */
  readonly holds: boolean;
};

/** Where the host offers no cgroups that rules could name. */
export const noGuard: LoopbackGuard = {
  hold: () => Promise.resolve(false),
  watch: () => Promise.resolve(),
  holds: false,
};

type Options = {
  readonly range: { readonly first: number; readonly last: number };
  /** The cgroup that all apps' are in. */
  readonly all: NetCgroup;
  readonly tool: HostTool;
  readonly clock: Clock;
  readonly log: OwnLog;
};

export function loopbackGuard({ range, all, tool, clock, log }: Options): LoopbackGuard {
  let wanted: readonly LoopbackApp[] = [];
  let holds = false;
  // One at a time, so that an older load never comes after a newer one.
  let line: Promise<unknown> = Promise.resolve();
  const inLine = (work: () => Promise<void>): Promise<boolean> => {
    const done = line.then(async () => {
      await work().catch((error: unknown) => {
        holds = false;
        log("the rules of the loopback could not be loaded", { reason: String(error) });
      });
      return holds;
    });
    line = done;
    return done;
  };
  const load = async (): Promise<void> => {
    const { status, stderr } = await tool([nft, "-f", "-"], loopbackRules(range, all, wanted));
    holds = status === 0;
    if (!holds) log("the rules of the loopback could not be loaded", { reason: stderr.trim().slice(0, 300) });
  };
  const look = async (): Promise<void> => {
    const { status } = await tool([nft, "list", "table", ...loopbackTable]);
    if (status === 0) return;
    if (holds) log("the rules of the loopback were taken away: they are loaded again");
    await load();
  };
  return {
    hold: (apps) => {
      wanted = apps;
      return inLine(load);
    },
    watch: async (signal) => {
      const rest = (): Promise<boolean> =>
        clock.sleep(lookMs, signal).then(
          () => true,
          () => false,
        );
      while (await rest()) await inLine(look);
    },
    get holds() {
      return holds;
    },
  };
}
