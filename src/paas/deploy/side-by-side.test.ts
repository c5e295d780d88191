import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";
import { sideBySide } from "./side-by-side.ts";

test("as many go on at once as may, and each item is done once", async () => {
  const done: number[] = [];
  let going = 0;
  let most = 0;
  await sideBySide([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    going += 1;
    most = Math.max(most, going);
    await turn();
    going -= 1;
    done.push(item);
  });
  assert.deepEqual([done.toSorted((a, b) => a - b), most, going], [[1, 2, 3, 4, 5, 6, 7], 3, 0]);
});

test("the first failure ends the others, is waited for them, and nothing more begins", async () => {
  const begun: string[] = [];
  const ended: string[] = [];
  const failing = sideBySide(["long", "bad", "next"], 2, async (item, signal) => {
    begun.push(item);
    if (item === "bad") throw new Error("bad is bad");
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    await turn();
    ended.push(item);
    throw new Error("long was ended");
  });
  await assert.rejects(failing, { message: "bad is bad" });
  assert.deepEqual([begun, ended], [["long", "bad"], ["long"]]);
});

test("nothing to do is done", async () => {
  await sideBySide([], 4, () => assert.fail());
});
