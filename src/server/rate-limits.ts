/**
 * How many requests are taken: of a credential, of an address, and of an address on routes that ask for no credential.
 * Each has a bucket of tokens that fills at a steady rate; a request takes one. The buckets are in memory, and as many as
 * are remembered at most: a start of the server, or ten thousand other callers, makes one full again, and nothing worse.
 */
import { AppError } from "#core/errors.ts";
import { addressGroup } from "./client-address.ts";

export type Rate = {
  /** Requests a second in the long run. */
  readonly perSecond: number;
  /** Requests at once. */
  readonly burst: number;
};

export type RateLimits = { readonly credential: Rate; readonly address: Rate; readonly publicAddress: Rate };

/** Requests a second of one credential, unless the server's operator says otherwise. */
export const standardRate = 50;

/** What a request that shows a credential that is none costs its address, in requests. */
const failureCost = 10;

/** Callers of each kind that are remembered. */
const rememberedMax = 10_000;

/** All limits from the one that the operator may set. An address may be that of many people. */
export function rateLimitsOf(perSecond: number): RateLimits {
  return {
    credential: { perSecond, burst: perSecond * 10 },
    address: { perSecond: perSecond * 4, burst: perSecond * 40 },
    publicAddress: { perSecond: perSecond / 10, burst: perSecond },
  };
}

export type RateLimiter = {
  /** Counts a request. Throws RATE_LIMITED. */
  address(address: string | null): void;
  /** Counts a request on a route that asks for no credential, beside the above. Throws RATE_LIMITED. */
  publicAddress(address: string | null): void;
  /** Counts a request of a credential. Throws RATE_LIMITED. */
  credential(id: string): void;
  /** The credential that came from there was none. */
  failed(address: string | null): void;
};

/** `now` in milliseconds, of a clock that nobody sets. */
export function rateLimiter(limits: RateLimits, now: () => number): RateLimiter {
  const credentials = buckets(limits.credential, now);
  const addresses = buckets(limits.address, now);
  const strangers = buckets(limits.publicAddress, now);
  const groupOf = (address: string | null) => (address === null ? "unknown" : addressGroup(address));
  const refuse = (wait: number, whose: string): void => {
    if (wait === 0) return;
    throw new AppError("RATE_LIMITED", `Too many requests ${whose}.`, {
      retryAfter: wait,
      hint: `Try again in ${Math.ceil(wait)} s; docs/api.md says how many are taken.`,
    });
  };
  return {
    address: (address) => refuse(addresses.take(groupOf(address), 1), "come from your address"),
    publicAddress: (address) => refuse(strangers.take(groupOf(address), 1), "without a login come from your address"),
    credential: (id) => refuse(credentials.take(id, 1), "come with this token"),
    failed: (address) => void addresses.take(groupOf(address), failureCost),
  };
}

/** `take` answers after how many seconds there is enough again, 0 when it was taken. */
function buckets({ perSecond, burst }: Rate, now: () => number): { take(key: string, cost: number): number } {
  const levels = new Map<string, { level: number; at: number }>();
  return {
    take(key, cost) {
      const time = now();
      const known = levels.get(key);
      const level = known === undefined ? burst : Math.min(burst, known.level + ((time - known.at) / 1000) * perSecond);
      if (level < cost && cost === 1) return (cost - level) / perSecond;
      // Put in anew, so that the order is that of use: who was here longest ago makes room.
      levels.delete(key);
      if (levels.size >= rememberedMax) levels.delete(levels.keys().next().value ?? "");
      levels.set(key, { level: Math.max(0, level - cost), at: time });
      return 0;
    },
  };
}
