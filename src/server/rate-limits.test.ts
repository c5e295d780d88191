import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppError } from "#core/errors.ts";
import { rateLimiter, rateLimitsOf } from "./rate-limits.ts";

/** Perhaps with what was refused. */
function refusal(request: () => void): AppError | undefined {
  try {
    request();
    return undefined;
  } catch (thrown) {
    return thrown as AppError;
  }
}

/** How many are taken in a row, up to 100 000. */
function takenOf(request: () => void): number {
  for (let taken = 0; taken < 100_000; taken += 1) if (refusal(request) !== undefined) return taken;
  return Infinity;
}

test("the limits are these: 50 requests a second of a credential, four times as many of an address, a tenth without a login", () => {
  assert.deepEqual(rateLimitsOf(50), {
    credential: { perSecond: 50, burst: 500 },
    address: { perSecond: 200, burst: 2000 },
    publicAddress: { perSecond: 5, burst: 50 },
  });
});

test("what is beyond a limit is refused with the seconds to wait, and taken after them", () => {
  let time = 0;
  const limiter = rateLimiter(rateLimitsOf(2), () => time);
  assert.equal(
    takenOf(() => limiter.credential("ada")),
    20,
  );
  const refused = refusal(() => limiter.credential("ada"));
  assert.equal(refused?.code, "RATE_LIMITED");
  assert.equal(refused.retryAfter, 0.5);
  assert.equal(
    refusal(() => limiter.credential("bob")),
    undefined,
  );
  time = 500;
  assert.equal(
    takenOf(() => limiter.credential("ada")),
    1,
  );
  time = 1_000_000;
  assert.equal(
    takenOf(() => limiter.credential("ada")),
    20,
  );
});

test("routes without a login have a limit of their own, beside the one of the address", () => {
  const limiter = rateLimiter(rateLimitsOf(50), () => 0);
  assert.equal(
    takenOf(() => limiter.publicAddress("203.0.113.7")),
    50,
  );
  assert.equal(
    takenOf(() => limiter.address("203.0.113.7")),
    2000,
  );
  assert.equal(
    takenOf(() => limiter.address("203.0.113.8")),
    2000,
  );
});

test("many addresses of one IPv6 network are one caller", () => {
  const limiter = rateLimiter(rateLimitsOf(1), () => 0);
  let last = 0;
  assert.equal(
    takenOf(() => limiter.address(`2001:db8::${(last += 1).toString(16)}`)),
    40,
  );
});

test("credentials that are none cost their address ten times as much", () => {
  const limiter = rateLimiter(rateLimitsOf(1), () => 0);
  for (let guess = 0; guess < 4; guess += 1) limiter.failed("203.0.113.7");
  assert.equal(refusal(() => limiter.address("203.0.113.7"))?.code, "RATE_LIMITED");
});

test("thirty thousand callers are not all remembered, and who was here last is", () => {
  const limiter = rateLimiter(rateLimitsOf(1), () => 0);
  assert.equal(
    takenOf(() => limiter.credential("before")),
    10,
  );
  for (let caller = 0; caller < 30_000; caller += 1) limiter.credential(`c${caller}`);
  // What was forgotten begins anew; the newest goes on where it was.
  assert.equal(
    takenOf(() => limiter.credential("before")),
    10,
  );
  assert.equal(
    takenOf(() => limiter.credential("c29999")),
    9,
  );
});
