import assert from "node:assert/strict";
import { test } from "node:test";
import { sideBySide } from "./side-by-side.ts";

test("a goal is met when ours was at least as good in every round, missed when in none", () => {
  const verdict = (ours: number[], theirs: number[], better: "less" | "more") =>
    sideBySide("", ours, theirs, 0, better).at(-1);
  assert.equal(verdict([1, 2], [1, 3], "less"), "met");
  assert.equal(verdict([2, 4], [1, 3], "less"), "missed");
  assert.equal(verdict([2, 2], [1, 3], "less"), "open: inside the spread");
  assert.equal(verdict([2, 4], [1, 4], "more"), "met");
  assert.equal(verdict([2, 3], [3, 4], "more"), "missed");
});

test("a ratio is one within a round", () => {
  const [, ours, theirs, ratio] = sideBySide("", [10, 200], [20, 400], 0, "less");
  assert.deepEqual([ours, theirs, ratio], ["105 (10 to 200)", "210 (20 to 400)", "0.50 (0.50 to 0.50)"]);
});
