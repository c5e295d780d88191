import assert from "node:assert/strict";
import { test } from "node:test";
import type { Failures } from "#store/login-failures.ts";
import { addressSubject, countTry, takeBackTry } from "./lockout.ts";

const minute = 60_000;

/** Tries wrong passwords from `now` on, waiting as long as is asked for; the waits in minutes. */
function waits(kind: "user" | "address", tries: number, now = 0): number[] {
  let known: Failures | undefined;
  const waited: number[] = [];
  for (let made = 0; made < tries;) {
    const decision = countTry(kind, known, now);
    if (decision.allowed) {
      known = decision.next;
      made += 1;
    } else {
      waited.push(decision.waitMs / minute);
      now += decision.waitMs;
    }
  }
  return waited;
}

test("a user has five tries, then waits a minute, and twice as long after each further one, an hour at most", () => {
  assert.deepEqual(waits("user", 5), []);
  assert.deepEqual(waits("user", 14), [1, 2, 4, 8, 16, 32, 60, 60, 60]);
});

test("an address has twenty tries in ten minutes, then waits ten", () => {
  assert.deepEqual(waits("address", 20), []);
  assert.deepEqual(waits("address", 61), [10, 10, 10]);
});

test("tries of an address that are far apart are in different windows", () => {
  let known: Failures | undefined;
  for (let made = 0; made < 100; made += 1) {
    const decision = countTry("address", known, made * minute);
    assert.ok(decision.allowed);
    known = decision.next;
  }
});

test("a day of rest forgets a user's failures, and a shorter one does not", () => {
  const locked: Failures = { count: 12, firstAt: 0, lastAt: 0, lockedUntil: 60 * minute };
  const later = countTry("user", locked, 23 * 60 * minute);
  assert.ok(later.allowed && later.next.count === 13 && later.next.lockedUntil === 24 * 60 * minute);
  const rested = countTry("user", locked, 24 * 60 * minute);
  assert.ok(rested.allowed && rested.next.count === 1 && rested.next.lockedUntil === null);
});

test("a try that was right is taken back with the lock that it made", () => {
  let known: Failures | undefined;
  for (let made = 0; made < 5; made += 1) {
    const decision = countTry("user", known, 0);
    assert.ok(decision.allowed);
    known = decision.next;
  }
  assert.ok(known !== undefined && known.lockedUntil !== null);
  assert.deepEqual(takeBackTry("user", known), { count: 4, firstAt: 0, lastAt: 0, lockedUntil: null });
  assert.equal(takeBackTry("user", { count: 0, firstAt: 0, lastAt: 0, lockedUntil: null }).count, 0);
});

test("whatever the clock does, nobody is locked for longer than the longest lock, and failures stay counted", () => {
  const year = 365 * 24 * 60 * minute;
  const future: Failures = { count: 30, firstAt: year, lastAt: year, lockedUntil: year + 60 * minute };
  const decision = countTry("user", future, 0);
  assert.ok(decision.allowed);
  assert.equal(decision.next.count, 31);
  assert.equal(decision.next.lockedUntil, 60 * minute);
});

test("an address of IPv6 counts as its /64, one of IPv4 in IPv6 as itself", () => {
  const cases: [string, string][] = [
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:0db8:0001:0002::1", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:db8:0:0:1::", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%nowhere", "fe80:0:0:0::/64"],
  ];
  for (const [address, subject] of cases) assert.equal(addressSubject(address), subject, address);
});
