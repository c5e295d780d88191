import assert from "node:assert/strict";
import { test } from "node:test";
import { standardTries } from "#core/healthcheck.ts";
import { tryUntilWell } from "./tries.ts";

type Said = "well" | "lost" | { no: number };

/** Answers by the number of the try, in a time that only waits and slow tries move. Tells when each try began. */
async function tried(answer: (nth: number) => Said, check: Partial<typeof standardTries>, takes = 0) {
  let now = 0;
  const begun: number[] = [];
  const outcome = await tryUntilWell(
    { ...standardTries, startPeriod: 0, ...check },
    {
      ask: () => {
        begun.push(now);
        now += takes;
        return Promise.resolve(answer(begun.length));
      },
      elapsed: () => now,
      wait: (milliseconds) => {
        now += milliseconds;
        return Promise.resolve();
      },
    },
  );
  return { begun, outcome };
}

const never = (no: number): Said => ({ no });

test("one success is enough, and is not waited for", async () => {
  assert.deepEqual(await tried(() => "well", {}), { begun: [0], outcome: undefined });
});

test("it is tried soon at first, then every interval, and one failure more than the retries ends it", async () => {
  const { begun, outcome } = await tried(never, { retries: 5 });
  assert.deepEqual(begun, [0, 500, 1500, 3500, 5500, 7500]);
  assert.deepEqual(outcome, { last: { no: 6 }, tries: 6 });
  assert.deepEqual((await tried(never, { retries: 2, interval: 0.2 })).begun, [0, 200, 400]);
});

test("failures of tries that began in the start period do not count, however long they took", async () => {
  const { begun } = await tried(never, { startPeriod: 4, retries: 1 });
  assert.deepEqual(begun, [0, 500, 1500, 3500, 5500, 7500]);
  assert.deepEqual((await tried(never, { startPeriod: 4, retries: 1 }, 5000)).begun, [0, 5500, 11_500]);
  const late = await tried((nth) => (nth < 6 ? { no: nth } : "well"), { startPeriod: 8, retries: 1 });
  assert.equal(late.outcome, undefined);
});

test("as many successes in a row as are asked for; a failure between them counts and begins the row anew", async () => {
  const answers: readonly Said[] = ["well", { no: 2 }, "well", "well", { no: 5 }, "well", "well", "well"];
  const by = (nth: number) => answers[nth - 1] ?? assert.fail();
  const { begun, outcome } = await tried(by, { successThreshold: 3, retries: 2 });
  assert.deepEqual([begun.length, outcome], [8, undefined]);
  const flapping = await tried((nth) => (nth % 2 === 0 ? { no: nth } : "well"), { successThreshold: 2 });
  assert.deepEqual(flapping.outcome, { last: { no: 8 }, tries: 8 });
});

test("what was lost is asked again and counts as nothing", async () => {
  const { outcome } = await tried((nth) => (nth < 9 ? "lost" : { no: nth }), { retries: 1 });
  assert.deepEqual(outcome, { last: { no: 10 }, tries: 2 });
});
