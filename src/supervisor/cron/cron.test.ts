import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { CronSpec } from "#core/records.ts";
import { benchProcesses, eventually, logText, makeBench, type Bench } from "../bench.ts";
import { listLogFiles } from "../log-files.ts";
import type { CronRunStatus } from "../protocol.ts";
import { leapingClock, type LeapingClock } from "../testing-clock.ts";

const minute = 60_000;
const hour = 60 * minute;

let bench: Bench;
let clock: LeapingClock;
beforeEach(() => {
  bench = makeBench();
  clock = leapingClock(Date.parse("2026-11-21T11:59:30Z"));
});
afterEach(() => bench.clean());

function job(name: string, command: string, more: Partial<CronSpec> = {}): CronSpec {
  const standard = { timeZone: "UTC", overlap: "forbid", timeout: 10_000 } as const;
  return { name, command, schedule: "* * * * *", ...standard, ...more };
}

/** A release of cron alone that is made the live one. */
async function live(app: string, release: number, jobs: readonly CronSpec[]): Promise<void> {
  bench.release(app, release, {}, { cron: jobs });
  await bench.client.call("app.start", { app, release });
  await bench.client.call("app.cutover", { app, release });
}

/** What runs of an app: each process has the name of the bench's directory in its environment. */
const left = () => benchProcesses(dirname(bench.layout.root));
const start = () => bench.start({ clock });
const list = async (app = "blog") => (await bench.client.call("cron.list", { app })).jobs;
const history = async (name: string, app = "blog") =>
  (await bench.client.call("cron.history", { app, job: name })).runs.toReversed();
const outcomes = async (name: string) => (await history(name)).map(({ outcome }) => outcome);
const data = (file: string) => join(bench.layout.buildTree("blog", 1), file);
const lines = (file: string) => (existsSync(data(file)) ? readFileSync(data(file), "utf8").trim().split("\n") : []);

async function ran(name: string, count: number): Promise<CronRunStatus[]> {
  const over = async () =>
    (await history(name)).filter(({ outcome }) => outcome !== "waiting" && outcome !== "running").length >= count;
  await eventually(over, `${count} runs of ${name}`);
  return history(name);
}

/** Long enough for a look to have done what it does; there is nothing to wait for where nothing shall happen. */
async function looked(): Promise<void> {
  await bench.client.call("status", {});
  await new Promise((resolve) => setTimeout(resolve, 300));
}

describe("cron", () => {
  it("runs what is due in the release's folder and environment, and writes down what became of it", async () => {
    bench.env["SECRET"] = "it's $HOME";
    await start();
    await live("blog", 1, [
      job("good", 'echo "$PROC_TYPE $SECRET $(pwd) ${PORT-none}"'),
      job("bad", "echo oops >&2; exit 3"),
      job("later", "echo no", { schedule: "0 13 * * *", timeZone: "Europe/Berlin" }),
    ]);
    const [good, , later] = await list();
    assert.deepEqual([good?.next, later?.next], ["2026-11-21T12:00:00.000Z", "2026-11-21T12:00:00.000Z"]);
    assert.equal(good?.last, null);
    clock.leap(minute);
    const [one] = await ran("good", 1);
    assert.deepEqual(
      { ...one, startedAt: "", endedAt: "" },
      {
        job: "good",
        run: 1,
        release: 1,
        trigger: "schedule",
        due: "2026-11-21T12:00:00.000Z",
        startedAt: "",
        endedAt: "",
        outcome: "succeeded",
        exit: 0,
        times: 1,
        reason: null,
      },
    );
    const [bad] = await ran("bad", 1);
    assert.deepEqual([bad?.outcome, bad?.exit], ["failed", 3]);
    await ran("later", 1);
    const [file] = listLogFiles(bench.layout.appLogs("blog"), (process) => process === "cron.good");
    assert.match(file?.run ?? "", /-00000001$/);
    assert.ok(logText(bench, "blog").includes(`out cron.good it's $HOME ${bench.layout.buildTree("blog", 1)} none\n`));
    assert.match(logText(bench, "blog"), / err oops\n/);
    assert.equal((await list())[2]?.next, "2026-11-22T12:00:00.000Z");
  });

  it("goes on minute by minute, and keeps a bounded past and its logs", async () => {
    await start();
    await live("blog", 1, [job("often", "echo tick >> often")]);
    clock.leap(minute);
    for (let count = 1; count <= 25; count += 1) {
      await eventually(
        async () => lines("often").length === count && (await list())[0]?.last?.outcome === "succeeded",
        `${count} ticks`,
      );
      clock.leap(minute);
    }
    const kept = await ran("often", 20);
    assert.equal(kept.length, 20);
    assert.ok(listLogFiles(bench.layout.appLogs("blog")).length <= 26);
  });

  it("kills a run that takes too long, with all that it has started", async () => {
    await start();
    await live("blog", 1, [job("hangs", "(setsid sleep 1000 &); echo up; sleep 1000", { timeout: 0.5 })]);
    const { run } = await bench.client.call("cron.start", { app: "blog", job: "hangs" });
    const { over, run: ended } = await bench.client.call("cron.await", { app: "blog", job: "hangs", run, timeout: 20 });
    assert.deepEqual(
      [over, ended.outcome, ended.exit, ended.reason],
      [true, "timed-out", null, "it took longer than 0.5 s"],
    );
    assert.deepEqual(left(), []);
    assert.match(logText(bench, "blog"), / sys stopped: it took longer than 0\.5 s\n/);
  });

  it("asks a run to end first, and kills what does not after ten seconds", async () => {
    await start();
    await live("blog", 1, [job("deaf", "trap '' TERM; echo up >> up; while :; do sleep 0.05; done", { timeout: 60 })]);
    const { run } = await bench.client.call("cron.start", { app: "blog", job: "deaf" });
    await eventually(() => lines("up").length === 1, "it runs");
    clock.leap(minute);
    await looked();
    assert.ok(left().length > 0);
    clock.leap(10_000);
    const { run: ended } = await bench.client.call("cron.await", { app: "blog", job: "deaf", run, timeout: 20 });
    assert.equal(ended.outcome, "timed-out");
    assert.deepEqual(left(), []);
  });

  it("skips a run that is due while the one before goes on, and says so once for all in a row", async () => {
    await start();
    await live("blog", 1, [job("slow", "echo up >> slow; while [ ! -e go ]; do sleep 0.05; done")]);
    clock.leap(minute);
    await eventually(() => lines("slow").length === 1, "it runs");
    await assert.rejects(bench.client.call("cron.start", { app: "blog", job: "slow" }), {
      code: "CONFLICT",
      message: "The cron job slow of blog was not started: run 1 has not ended.",
    });
    for (let turn = 1; turn <= 3; turn += 1) {
      clock.leap(minute);
      await eventually(async () => (await history("slow")).at(-1)?.times === turn, `${turn} skipped`);
    }
    writeFileSync(data("go"), "");
    await eventually(async () => (await outcomes("slow"))[0] === "succeeded", "it ends");
    assert.deepEqual(await outcomes("slow"), ["succeeded", "skipped"]);
    assert.equal((await history("slow"))[1]?.reason, "run 1 has not ended");
    clock.leap(minute);
    assert.equal((await ran("slow", 3))[2]?.outcome, "succeeded");
  });

  it("ends the run before where a new one replaces it, and only then begins", async () => {
    await start();
    const command =
      "[ -e busy ] && echo both >> both; touch busy; trap 'rm busy; echo bye >> bye; exit' TERM; echo up >> up; while :; do sleep 0.05; done";
    await live("blog", 1, [job("new", command, { overlap: "replace" })]);
    clock.leap(minute);
    await eventually(() => lines("up").length === 1, "it runs");
    clock.leap(minute);
    await eventually(() => lines("up").length === 2, "the next one runs");
    const [first, second] = await history("new");
    assert.deepEqual(
      [first?.outcome, first?.reason, second?.outcome],
      ["canceled", "replaced by a newer run", "running"],
    );
    assert.ok(String(first?.endedAt) <= String(second?.startedAt));
    assert.deepEqual([lines("both").length, lines("bye").length], [0, 1]);
  });

  it("has four runs beside each other where that is allowed, and no fifth", async () => {
    await start();
    await live("blog", 1, [job("many", "echo up >> up; sleep 1000", { overlap: "allow" })]);
    for (let turn = 1; turn <= 4; turn += 1) {
      clock.leap(minute);
      await eventually(() => lines("up").length === turn, `${turn} run`);
    }
    clock.leap(minute);
    await eventually(async () => (await outcomes("many")).at(-1) === "skipped", "the fifth is skipped");
    assert.equal((await history("many")).at(-1)?.reason, "4 runs of it have not ended");
  });

  it("starts only what the live release has, from its cut-over on; what runs goes on", async () => {
    await start();
    await live("blog", 1, [job("a", "echo one >> one; while [ ! -e go ]; do sleep 0.05; done")]);
    clock.leap(minute);
    await eventually(() => lines("one").length === 1, "it runs");
    bench.release("blog", 2, {}, { cron: [job("b", "echo two >> two")] });
    await bench.client.call("app.start", { app: "blog", release: 2 });
    assert.deepEqual(
      (await list()).map(({ name }) => name),
      ["a"],
    );
    await bench.client.call("app.cutover", { app: "blog", release: 2 });
    assert.deepEqual(
      (await list()).map(({ name }) => name),
      ["b"],
    );
    clock.leap(minute);
    assert.equal((await ran("b", 1))[0]?.release, 2);
    assert.deepEqual(await outcomes("a"), ["running"]);
    writeFileSync(data("go"), "");
    assert.equal((await ran("a", 1))[0]?.outcome, "succeeded");
    await assert.rejects(bench.client.call("cron.start", { app: "blog", job: "a" }), { code: "NOT_FOUND" });
    await live("blog", 3, [job("a", "echo three >> three")]);
    clock.leap(minute);
    await eventually(() => lines("three").length === 1, "the older schedule is back");
    assert.equal(lines("two").length, 1);
  });

  it("runs nothing of an app that is stopped, and ends what runs", async () => {
    await start();
    await live("blog", 1, [job("a", "echo up >> up; sleep 1000", { overlap: "replace" })]);
    clock.leap(minute);
    await eventually(() => lines("up").length === 1, "it runs");
    await bench.client.call("app.stop", { app: "blog" });
    assert.deepEqual(left(), []);
    assert.deepEqual(
      (await history("a")).map(({ outcome, reason }) => [outcome, reason]),
      [["canceled", "the app was stopped"]],
    );
    assert.equal((await list())[0]?.next, null);
    clock.leap(minute);
    await looked();
    await assert.rejects(bench.client.call("cron.start", { app: "blog", job: "a" }), { code: "CONFLICT" });
    assert.equal((await history("a")).length, 1);
    await bench.client.call("app.resume", { app: "blog", timeout: 5 });
    clock.leap(minute);
    await eventually(() => lines("up").length === 2, "it runs again");
  });

  it("forgets an app with all that it knows of it", async () => {
    await start();
    await live("blog", 1, [job("a", "echo up >> up; sleep 1000")]);
    clock.leap(minute);
    await eventually(() => lines("up").length === 1, "it runs");
    await bench.client.call("app.forget", { app: "blog" });
    assert.deepEqual(left(), []);
    assert.deepEqual(readdirSync(join(bench.layout.supervisor, "cron")), [".looked"]);
    await assert.rejects(bench.client.call("cron.list", { app: "blog" }), { code: "NOT_FOUND" });
    // The same number of a new app of this name is another release.
    await live("blog", 1, [job("b", "true")]);
    assert.deepEqual(
      (await list()).map(({ name }) => name),
      ["b"],
    );
  });

  it("keeps the end of what a run prints without end, and is not stopped by it", async () => {
    await bench.start({ clock, limits: { cronLogBytes: 50_000 } });
    await live("blog", 1, [
      job("loud", "head -c 3000000 /dev/zero | tr '\\0' 'x' | fold -w 100; echo; echo last words; exit 5"),
    ]);
    const { run } = await bench.client.call("cron.start", { app: "blog", job: "loud" });
    const { run: ended } = await bench.client.call("cron.await", { app: "blog", job: "loud", run, timeout: 30 });
    assert.equal(ended.exit, 5);
    const [file] = listLogFiles(bench.layout.appLogs("blog"));
    assert.ok(statSync(file?.path ?? "").size < 150_000);
    assert.match(logText(bench, "blog"), / out last words\n$/);
  });

  it("does not touch a build, a hook or a probe, and is not touched by their end", async () => {
    await start();
    await live("blog", 1, [job("a", "echo up >> up; while [ ! -e go ]; do sleep 0.05; done")]);
    clock.leap(minute);
    await eventually(() => lines("up").length === 1, "it runs");
    assert.deepEqual(await bench.client.call("job.cancel", { app: "blog" }), { canceled: false });
    writeFileSync(data("go"), "");
    assert.equal((await ran("a", 1))[0]?.outcome, "succeeded");
  });

  it("tells a run whose folder is gone, or whose release cannot be read", async () => {
    await start();
    await live("blog", 1, [job("a", "true")]);
    bench.release("blog", 1, {}, { cron: [job("a", "true")], env: "broken" });
    const { run } = await bench.client.call("cron.start", { app: "blog", job: "a" });
    const { run: ended } = await bench.client.call("cron.await", { app: "blog", job: "a", run, timeout: 10 });
    assert.equal(ended.outcome, "failed");
    assert.match(String(ended.reason), /environment of release 1 of blog cannot be opened/);
  });
});

describe("when the server's clock is set", () => {
  const fixed = job("fixed", "echo fixed >> fixed", { schedule: "30 12 * * *" });
  const often = job("often", "echo often >> often", { schedule: "*/30 * * * *" });

  it("forward by an hour: a time of the day that was passed comes once, the others just go on", async () => {
    await start();
    await live("blog", 1, [fixed, often]);
    clock.set(58 * minute); // 12:57:30
    clock.leap(minute);
    await eventually(() => lines("fixed").length === 1, "the passed one");
    assert.equal((await history("fixed"))[0]?.due, "2026-11-21T12:30:00.000Z");
    assert.deepEqual(lines("often"), []);
    clock.leap(2 * minute);
    await eventually(() => lines("often").length === 1, "13:00");
    assert.equal(lines("fixed").length, 1);
  });

  it("back by an hour: no time of the day comes again, the others go by the clock", async () => {
    await start();
    await live("blog", 1, [fixed, often]);
    clock.leap(minute);
    await ran("often", 1);
    clock.set(30 * minute);
    clock.leap(minute); // past 12:30
    await ran("often", 2);
    await ran("fixed", 1);
    clock.set(-hour); // past 11:30
    const pass = async (minutes: number) => {
      for (let turn = 0; turn < minutes; turn += 1) {
        clock.leap(minute);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await pass(30);
    await ran("often", 3);
    await pass(30);
    const all = await ran("often", 4);
    assert.deepEqual(
      all.map(({ due, outcome }) => `${due.slice(11, 16)} ${outcome}`),
      ["12:00 succeeded", "12:30 succeeded", "12:00 succeeded", "12:30 succeeded"],
    );
    await looked();
    assert.equal((await history("fixed")).length, 1);
  });
});
