/**
 * How many wrong passwords and codes are too many; pure. A try is counted before it is looked at and taken back when it was
 * right, so that many at once have no more tries than one after the other.
 * Of a user: five failures, then a minute, and twice as long after each further one, an hour at most; a day of rest forgets.
 * Of an address (of IPv6 its /64): twenty failures in ten minutes, then ten minutes.
 */
import { isIPv6, SocketAddress } from "node:net";
import type { FailureKind, Failures } from "#store/login-failures.ts";

export type TryDecision =
  | { readonly allowed: true; readonly next: Failures }
  | { readonly allowed: false; readonly waitMs: number; readonly next?: never };

const minute = 60_000;

const lockout = {
  user: { failures: 5, firstLockMs: minute, longestLockMs: 60 * minute, forgetMs: 24 * 60 * minute },
  address: { failures: 20, firstLockMs: 10 * minute, longestLockMs: 10 * minute, forgetMs: 10 * minute },
} as const satisfies Record<FailureKind, object>;

/** Whether one more try may be made, and what is then to be stored. */
export function countTry(kind: FailureKind, known: Failures | undefined, now: number): TryDecision {
  const { failures, firstLockMs, longestLockMs } = lockout[kind];
  const before = known === undefined || isForgotten(kind, known, now) ? undefined : known;
  const wait = (before?.lockedUntil ?? now) - now;
  // A clock that was set back must not lock anybody for longer than any lock is.
  if (wait > 0 && wait <= longestLockMs) return { allowed: false, waitMs: wait };
  const count = (before?.count ?? 0) + 1;
  const lock = count < failures ? null : Math.min(longestLockMs, firstLockMs * 2 ** Math.min(count - failures, 20));
  return {
    allowed: true,
    next: { count, firstAt: before?.firstAt ?? now, lastAt: now, lockedUntil: lock === null ? null : now + lock },
  };
}

/** The try was right, or has only led to a next question: it does not count. */
export function takeBackTry(kind: FailureKind, known: Failures): Failures {
  const count = Math.max(0, known.count - 1);
  return { ...known, count, lockedUntil: count < lockout[kind].failures ? null : known.lockedUntil };
}

/** A user's failures are forgotten a day after the last one; an address has a new window ten minutes after its first. */
function isForgotten(kind: FailureKind, { firstAt, lastAt, lockedUntil }: Failures, now: number): boolean {
  if (kind === "user") return now - lastAt >= lockout.user.forgetMs;
  return now - firstAt >= lockout.address.forgetMs && (lockedUntil ?? 0) <= now;
}

/** What failures of an address are counted for; whoever has an IPv6 address has 2^64 of them. */
export function addressSubject(address: string): string {
  const plain = address.replace(/%.*$/, "").replace(/^::ffff:/, "");
  if (!isIPv6(plain)) return plain;
  // Written out: groups that `::` stands for are zeros.
  const { address: full } = new SocketAddress({ address: plain, family: "ipv6" });
  const [head = "", tail] = full.split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : Array<string>(8 - first.length - last.length).fill("0");
  return `${[...first, ...zeros, ...last].slice(0, 4).join(":")}::/64`;
}
