/** What fetching from elsewhere needs, made once by the composition root. */
import type { OutboundRules } from "#sys/outbound/pinned-address.ts";
import type { BuildTurns } from "../build-turns.ts";
import type { GitPlace } from "../git/git-environment.ts";

export type Pulling = {
  readonly rules: OutboundRules;
  /** Fetches at a time, of all apps together. */
  readonly turns: BuildTurns;
  readonly git: GitPlace;
  /** PEM file with the authorities that git trusts in place of the host's; none for those. */
  readonly authorities: string | undefined;
};

/** Fetches at a time: each is a process, a disk that fills, and a connection. */
export const pullsAtOnce = 4;

/** Milliseconds for one fetch, all in all. */
export const pullMs = 10 * 60_000;
