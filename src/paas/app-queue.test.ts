import assert from "node:assert/strict";
import { test } from "node:test";
import { createAppQueue } from "./app-queue.ts";

test("work on one app runs in order, one at a time, also after a failure", async () => {
  const queue = createAppQueue();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = queue.run("a", async () => {
    await gate.promise;
    seen.push("first");
    throw new Error("first failed");
  });
  const second = queue.run("a", async () => seen.push("second"));
  const other = await queue.run("b", async () => "other apps do not wait");
  assert.equal(other, "other apps do not wait");
  assert.deepEqual(seen, []);
  gate.resolve();
  await assert.rejects(first, /first failed/);
  await second;
  assert.deepEqual(seen, ["first", "second"]);
});

test("idle waits for all that runs, and for what that work has queued", async () => {
  const queue = createAppQueue();
  let done = 0;
  void queue.run("a", async () => {
    done += 1;
    void queue.run("a", async () => {
      done += 1;
    });
  });
  await queue.idle();
  assert.equal(done, 2);
});
