import assert from "node:assert/strict";
import { test } from "node:test";
import { createBuildTurns } from "./build-turns.ts";

const never = new AbortController().signal;

/** Work that ends when it is told to, and notes that it has begun. */
function work(seen: string[], name: string) {
  const gate = Promise.withResolvers<void>();
  return {
    end: gate.resolve,
    run: async () => {
      seen.push(name);
      await gate.promise;
    },
  };
}

test("as many builds run as there are places; the others wait, say so, and begin in their order", async () => {
  const turns = createBuildTurns(2);
  const seen: string[] = [];
  const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => ({ ...work(seen, name), name })) as [W, W, W, W];
  const told: string[] = [];
  const running = [a, b, c, d].map((one) => turns.run(one.run, never, async () => void told.push(one.name)));
  await new Promise(setImmediate);
  assert.deepEqual(
    [seen, told],
    [
      ["a", "b"],
      ["c", "d"],
    ],
  );
  b.end();
  await running[1];
  await new Promise(setImmediate);
  assert.deepEqual(seen, ["a", "b", "c"]);
  for (const one of [a, c, d]) one.end();
  await Promise.all(running);
  assert.deepEqual(seen, ["a", "b", "c", "d"]);
});

test("who is canceled while waiting leaves the line, and a build that fails frees its place", async () => {
  const turns = createBuildTurns(1);
  const seen: string[] = [];
  const first = work(seen, "first");
  const fails = turns.run(
    async () => {
      await first.run();
      throw new Error("failed");
    },
    never,
    async () => undefined,
  );
  const canceling = new AbortController();
  const canceled = turns.run(work(seen, "canceled").run, canceling.signal, async () => undefined);
  const last = turns.run(
    async () => seen.push("last"),
    never,
    async () => undefined,
  );
  await new Promise(setImmediate);
  canceling.abort(new Error("canceled"));
  await assert.rejects(canceled, /canceled/);
  first.end();
  await assert.rejects(fails, /failed/);
  await last;
  assert.deepEqual(seen, ["first", "last"]);
});

type W = ReturnType<typeof work> & { readonly name: string };
