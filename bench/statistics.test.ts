import assert from "node:assert/strict";
import { test } from "node:test";
import { spread, summarize, verdict } from "./statistics.ts";

test("the median of an even count lies between the middle two, whatever the order", () => {
  assert.deepEqual(summarize([4, 1, 10, 3]), { n: 4, median: 3.5, min: 1, max: 10 });
});

test("the median of an odd count is the middle one", () => {
  assert.deepEqual(summarize([9, 2, 5]), { n: 3, median: 5, min: 2, max: 9 });
});

test("a goal inside the spread is neither met nor missed", () => {
  const summary = summarize([80, 90, 100]);
  assert.equal(verdict(summary, 100), "met");
  assert.equal(verdict(summary, 79), "missed");
  assert.equal(verdict(summary, 90), "open: inside the spread");
});

test("a figure is shown with its spread", () => {
  assert.equal(spread(summarize([0.5, 1.5]), 1), "1.0 (0.5 to 1.5)");
});
