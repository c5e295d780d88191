import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson, chainHash, genesisHash } from "./hash-chain.ts";

test("canonical JSON is the same for the same value, however it was put together", () => {
  assert.equal(canonicalJson({ b: 1, a: { d: [true, null, "x"], c: undefined } }), '{"a":{"d":[true,null,"x"]},"b":1}');
  assert.equal(canonicalJson({ ü: 1, Z: 2, a: 3 }), '{"Z":2,"a":3,"ü":1}');
  assert.equal(canonicalJson("\ud800\u0000"), '"\\ud800\\u0000"');
});

test("canonical JSON refuses what it would lose", () => {
  for (const value of [undefined, Number.NaN, Infinity, 1n, () => 1, [undefined], { a: Symbol("s") }]) {
    assert.throws(() => canonicalJson(value), TypeError);
  }
});

test("a hash covers the one before and the record, in the form that other tools can make too", () => {
  // printf '%064d\n{"a":1}' 0 | sha256sum
  assert.equal(chainHash(genesisHash, '{"a":1}'), "f21735afd2cd6af4fc5804b0045cebfd545aef8396d29d030c39cb8880b45b7f");
  assert.notEqual(chainHash(genesisHash, "a"), chainHash("1".repeat(64), "a"));
});
