import assert from "node:assert/strict";
import { test } from "node:test";
import { oneTimePassword, randomText } from "./random-text.ts";
import { makeRecoveryCodes, recoveryCodeHash } from "./recovery-codes.ts";

test("ten codes are made, all different, and each is found by its hash however it was typed", () => {
  const { codes, hashes } = makeRecoveryCodes("ada");
  assert.equal(new Set(codes).size, 10);
  for (const [index, code] of codes.entries()) {
    assert.match(code, /^[a-z0-9]{4}(-[a-z0-9]{4}){3}$/);
    for (const typed of [code, code.toUpperCase(), code.replaceAll("-", ""), ` ${code.replaceAll("-", " ")} `]) {
      assert.equal(recoveryCodeHash("ada", typed), hashes[index]);
    }
    assert.ok(!hashes.join().includes(code));
  }
});

test("a code is its user's alone, and what cannot be one has no hash", () => {
  const { codes, hashes } = makeRecoveryCodes("ada");
  assert.notEqual(recoveryCodeHash("bob", codes[0] ?? ""), hashes[0]);
  for (const bad of [
    "",
    "123456",
    "x".repeat(17),
    "x".repeat(100_000),
    "abcd-efgh-jkmn-pqr\u0455",
    "abcd\0efghjkmnpqr",
  ]) {
    assert.equal(recoveryCodeHash("ada", bad), undefined);
  }
});

// A10: reset codes that could be computed from what else is known.
test("of many codes every letter is about as frequent at every place, and none comes twice", () => {
  const many = Array.from({ length: 20_000 }, () => randomText(2, 4));
  assert.equal(new Set(many).size, many.length);
  for (let place = 0; place < 9; place += 1) {
    if (place === 4) continue;
    const counts = new Map<string, number>();
    for (const code of many) counts.set(code.charAt(place), (counts.get(code.charAt(place)) ?? 0) + 1);
    assert.equal(counts.size, 32);
    const expected = many.length / 32;
    const chi = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 31 degrees of freedom: beyond 90 once in ten million runs.
    assert.ok(chi < 90, `place ${place}: ${chi}`);
  }
});

test("a one-time password has 100 bits and no letters that look alike", () => {
  assert.match(oneTimePassword(), /^[a-hjkmnp-z02-9]{5}(-[a-hjkmnp-z02-9]{5}){3}$/);
});
