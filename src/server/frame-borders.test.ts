import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeFrame } from "#core/session-frames.ts";
import { frameBorders } from "./frame-borders.ts";

test("what is missing to the next border is known at every byte", () => {
  const frames = [
    encodeFrame({ type: "stdout", data: Buffer.from("hello") }),
    encodeFrame({ type: "alive" }),
    encodeFrame({ type: "stderr", data: Buffer.alloc(300, 1) }),
  ];
  const all = Buffer.concat(frames);
  const ends = [0, 10, 15, 320];
  const borders = frameBorders();
  for (let passed = 0; passed <= all.length; passed += 1) {
    if (passed > 0) borders.passed(all.subarray(passed - 1, passed));
    const begin = ends.findLast((end) => end <= passed) ?? 0;
    const end = ends.find((one) => one >= passed) ?? 0;
    // Within a head only the head is known.
    const known = passed - begin < 5 && passed !== end ? begin + 5 : end;
    assert.equal(borders.missing(), known - passed, `after ${passed} bytes`);
  }
  const inOne = frameBorders();
  inOne.passed(all);
  assert.equal(inOne.missing(), 0);
  inOne.passed(all.subarray(0, 17 - 15 + 10));
  assert.equal(inOne.missing(), 3);
});
