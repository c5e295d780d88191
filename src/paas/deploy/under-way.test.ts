import assert from "node:assert/strict";
import { test } from "node:test";
import { createDeploysUnderWay } from "./under-way.ts";

const deploys = () => createDeploysUnderWay(new AbortController().signal);

test("a deploy that waits gives up at once when it is canceled, and its turn finds it canceled", () => {
  const one = deploys().add("blog", 1, true);
  let gaveUp = 0;
  one.wait(() => (gaveUp += 1));
  assert.equal(one.cancel("Deploy 1 was canceled by ada."), "accepted");
  assert.equal(one.cancel("Deploy 1 was canceled by vi."), "accepted");
  assert.equal(gaveUp, 1);
  assert.equal(one.begin(), false);
  assert.equal(one.canceled?.message, "Deploy 1 was canceled by ada.");
});

test("one that is canceled before it has its place in the line gives up when it gets it", () => {
  const one = deploys().add("blog", 1, true);
  one.cancel("");
  let gaveUp = 0;
  one.wait(() => (gaveUp += 1));
  assert.equal(gaveUp, 1);
});

test("one that runs is told by its signal and may not go on", () => {
  const one = deploys().add("blog", 1, true);
  one.wait(() => assert.fail("it has begun"));
  assert.equal(one.begin(), true);
  one.goOn();
  assert.equal(one.cancel(""), "accepted");
  assert.equal(one.signal.aborted, true);
  assert.throws(() => one.goOn(), { code: "CANCELED" });
  assert.throws(() => one.commit(), { code: "CANCELED" });
});

test("from its cut-over on, and while it ends, no cancel is accepted and the signal stays quiet", () => {
  const serves = deploys().add("blog", 1, true);
  serves.commit();
  assert.equal(serves.cancel(""), "serves");
  assert.equal(serves.signal.aborted, false);
  serves.goOn();
  const fails = deploys().add("blog", 2, true);
  fails.settle();
  assert.equal(fails.cancel(""), "ending");
  assert.equal(fails.canceled, undefined);
});

test("what has ended is forgotten, and who waits for it is told", async () => {
  const all = deploys();
  const [one, two, other] = [all.add("blog", 2, true), all.add("blog", 1, true), all.add("shop", 1, true)];
  assert.deepEqual(all.of("blog"), [two, one]);
  one.end();
  await one.done;
  assert.equal(all.get("blog", 2), undefined);
  assert.deepEqual([all.of("blog"), all.of("shop")], [[two], [other]]);
});

test("a stop of the server aborts them all, and cancels none", () => {
  const stopping = new AbortController();
  const one = createDeploysUnderWay(stopping.signal).add("blog", 1, true);
  stopping.abort();
  assert.deepEqual([one.signal.aborted, one.canceled], [true, undefined]);
});
