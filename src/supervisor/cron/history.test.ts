import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  entriesKept,
  entriesOf,
  noHistory,
  parseHistory,
  readHistories,
  saveHistory,
  settled,
  withChange,
  withRun,
  withSkipped,
  type AppHistory,
} from "./history.ts";

const entry = { release: null, trigger: "schedule", startedAt: null, endedAt: null, exit: null, reason: null } as const;
const runs = (history: AppHistory, job: string) => entriesOf(history, job).map(({ run }) => run);

/** As it is on the disk of a server that runs this version. */
const version1 = JSON.stringify({
  version: 1,
  lastRun: 2,
  jobs: {
    nightly: [
      {
        run: 2,
        release: 4,
        trigger: "schedule",
        due: 1_700_000_000_000,
        startedAt: 1_700_000_000_100,
        endedAt: 1_700_000_001_000,
        outcome: "failed",
        exit: 3,
        times: 1,
        reason: null,
      },
    ],
  },
});

describe("the history of cron jobs", () => {
  it("keeps the newest of each job, and never drops one that is not over", () => {
    let history = withRun(noHistory, "a", { ...entry, due: 0, outcome: "running" });
    for (let turn = 0; turn < 50; turn += 1)
      history = withRun(history, "a", { ...entry, due: turn, outcome: "succeeded" });
    assert.equal(entriesOf(history, "a").length, entriesKept);
    assert.equal(runs(history, "a")[0], 1);
    assert.equal(runs(history, "a").at(-1), 51);
    assert.equal(history.lastRun, 51);
  });

  it("keeps a bounded number of jobs, the one in use and the newest of the others", () => {
    let history: AppHistory = noHistory;
    for (let job = 0; job < 130; job += 1)
      history = withRun(history, `j${job}`, { ...entry, due: 0, outcome: "succeeded" });
    assert.equal(history.jobs.size, 100);
    assert.ok(history.jobs.has("j129") && !history.jobs.has("j29"));
  });

  it("counts skipped ones in a row in one entry", () => {
    let history = withRun(noHistory, "a", { ...entry, due: 0, outcome: "running" });
    for (let turn = 1; turn <= 9; turn += 1)
      history = withSkipped(history, "a", { due: turn, now: turn, reason: "run 1 has not ended" });
    const [, skipped] = entriesOf(history, "a");
    assert.deepEqual([skipped?.outcome, skipped?.times, skipped?.due], ["skipped", 9, 9]);
    history = withSkipped(history, "a", { due: 10, now: 10, reason: "another" });
    assert.equal(entriesOf(history, "a").length, 3);
  });

  it("after a death tells what ran as lost and has what waited wait again, unless it is late or was asked for", () => {
    const now = 10 * 3_600_000;
    let history = withRun(noHistory, "a", { ...entry, due: now - 1000, outcome: "running" });
    history = withRun(history, "a", { ...entry, due: now - 1000, outcome: "waiting" });
    history = withRun(history, "b", { ...entry, due: 0, outcome: "waiting" });
    history = withRun(history, "b", { ...entry, trigger: "manual", due: now - 1000, outcome: "waiting" });
    const { history: next, again } = settled(history, now);
    assert.deepEqual(again, [{ job: "a", run: 2 }]);
    assert.deepEqual(
      [...entriesOf(next, "a"), ...entriesOf(next, "b")].map(({ outcome }) => outcome),
      ["lost", "waiting", "skipped", "skipped"],
    );
  });

  it("is what was written, and one that cannot be read is told and begins anew", (context) => {
    const directory = mkdtempSync(join(tmpdir(), "hop3-cron-"));
    context.after(() => rmSync(directory, { recursive: true }));
    const history = withChange(parseHistory(version1), 2, { reason: "because" });
    saveHistory(directory, "blog", history);
    writeFileSync(join(directory, "shop.json"), '{"version":2}');
    writeFileSync(join(directory, ".looked"), "{}");
    const warned: string[] = [];
    const found = readHistories(directory, (app) => warned.push(app));
    assert.deepEqual(found, new Map([["blog", history]]));
    assert.deepEqual(warned, ["shop"]);
    assert.deepEqual(readdirSync(directory).toSorted(), [".looked", "blog.json", "shop.json"]);
  });

  for (const body of [
    "",
    "[]",
    '{"version":1,"lastRun":1}',
    version1.replace('"exit":3', '"exit":"3"'),
    version1.replace('"failed"', '"fine"'),
    version1.replace('"nightly"', '"../x"'),
    version1.replace('"run":2', '"run":2,"extra":1'),
  ]) {
    it(`that is ${body.slice(0, 40) || "empty"}... is refused`, () => {
      assert.throws(() => parseHistory(body));
    });
  }
});
