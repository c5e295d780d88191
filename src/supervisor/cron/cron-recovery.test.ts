import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { CronSpec } from "#core/records.ts";
import { benchProcesses, eventually, logText, makeBench, type Bench } from "../bench.ts";
import { dyingArgv } from "../dying-argv.ts";
import { leapingClock, type LeapingClock } from "../testing-clock.ts";

const minute = 60_000;
const hour = 60 * minute;
const noon = Date.parse("2026-11-21T12:00:00Z");

let bench: Bench;
beforeEach(() => {
  bench = makeBench();
});
afterEach(() => bench.clean());

function job(name: string, command: string, schedule: string): CronSpec {
  return { name, command, schedule, timeZone: "UTC", overlap: "forbid", timeout: 10_000 };
}

async function live(jobs: readonly CronSpec[]): Promise<void> {
  bench.release("blog", 1, {}, { cron: jobs });
  await bench.client.call("app.start", { app: "blog", release: 1 });
  await bench.client.call("app.cutover", { app: "blog", release: 1 });
}

/** What runs of an app: each process has the name of the bench's directory in its environment. */
const left = () => benchProcesses(dirname(bench.layout.root));
/** The client's connection to the one before may still look whole. */
async function again(clock: LeapingClock): Promise<{ stop(): Promise<void> }> {
  const supervisor = await bench.start({ clock });
  const answers = () =>
    bench.client.call("status", {}).then(
      () => true,
      () => false,
    );
  await eventually(answers, "the next one answers");
  return supervisor;
}

const history = async (name: string) =>
  (await bench.client.call("cron.history", { app: "blog", job: name })).runs.toReversed();
const data = (file: string) => join(bench.layout.buildTree("blog", 1), file);
const lines = (file: string) => (existsSync(data(file)) ? readFileSync(data(file), "utf8").trim().split("\n") : []);
const directory = () => join(bench.layout.supervisor, "cron");
const notes = () => readdirSync(join(bench.layout.supervisor, "cron-jobs"));

describe("a supervisor that is killed while a cron job runs", () => {
  for (const point of ["never", "after-cron-begun", "before-job", "after-job"]) {
    it(`(${point === "never" ? "from outside" : point}) leaves no process, and the run is told as lost`, async () => {
      const first = spawn(process.execPath, dyingArgv(bench.layout, point), { stdio: ["ignore", "pipe", "inherit"] });
      const died = once(first, "exit");
      await once(first.stdout, "data");
      await live([job("long", "echo up; touch up; (setsid sleep 1000 &); sleep 1000", "0 0 1 1 *")]);
      const asked = bench.client.call("cron.start", { app: "blog", job: "long" }).catch(() => undefined);
      if (point === "never") {
        await asked;
        await eventually(() => existsSync(data("up")), "it runs");
        // What it said is read by the supervisor: what that has not read goes with it.
        await eventually(() => / out up\n/.test(logText(bench, "blog")), "its words are in the log");
        first.kill("SIGKILL");
      }
      await Promise.all([asked, died]);
      await bench.start();
      assert.deepEqual(left(), []);
      assert.deepEqual(notes(), []);
      const [lost] = await history("long");
      assert.deepEqual([lost?.outcome, lost?.exit, lost?.reason], ["lost", null, "the supervisor died over it"]);
      if (point === "never") assert.match(logText(bench, "blog"), / out up\n/);
      // Nothing stands in its way.
      const { run } = await bench.client.call("cron.start", { app: "blog", job: "long" });
      await eventually(async () => (await history("long")).at(-1)?.outcome === "running", "the next run");
      assert.equal(run, 2);
      await bench.client.call("app.stop", { app: "blog" });
      assert.equal((await history("long")).at(-1)?.outcome, "canceled");
    });
  }
});

describe("a supervisor that was away", () => {
  const jobs = [
    job("fixed", "echo fixed >> fixed", "30 12 * * *"),
    job("often", "echo often >> often", "*/30 * * * *"),
  ];

  it("makes up for a time of the day within three hours, once, and for nothing else", async () => {
    const clock = leapingClock(noon + 10 * minute);
    const first = await bench.start({ clock });
    await live(jobs);
    await first.stop();
    clock.leap(2 * hour);
    const second = await again(clock);
    await eventually(() => lines("fixed").length === 1, "the passed one");
    await eventually(async () => (await history("fixed"))[0]?.outcome === "succeeded", "it ended");
    await second.stop();
    await again(clock);
    clock.leap(minute);
    await eventually(
      () => JSON.parse(readFileSync(join(directory(), ".looked"), "utf8")).often > noon + 2 * hour + minute,
      "a look",
    );
    assert.deepEqual([lines("fixed").length, lines("often").length], [1, 0]);
  });

  it("makes up for nothing after more than three hours", async () => {
    const clock = leapingClock(noon + 10 * minute);
    const first = await bench.start({ clock });
    await live(jobs);
    await first.stop();
    clock.leap(4 * hour);
    await again(clock);
    const looked = () => JSON.parse(readFileSync(join(directory(), ".looked"), "utf8")) as { fixed: number };
    await eventually(() => looked().fixed >= noon + 4 * hour, "a look");
    assert.deepEqual(await history("fixed"), []);
    assert.deepEqual(await history("often"), []);
  });

  it("starts what one that was killed had written down and not begun, and not once more because it is due", async () => {
    const clock = leapingClock(noon + minute);
    const first = await bench.start({ clock });
    await live(jobs);
    await first.stop();
    const none = { release: null, startedAt: null, endedAt: null, exit: null, times: 1, reason: null };
    const waiting = { ...none, run: 1, trigger: "schedule", due: noon + 30 * minute, outcome: "waiting" };
    mkdirSync(directory(), { recursive: true });
    // It died before it wrote down that it had looked.
    writeFileSync(
      join(directory(), "blog.json"),
      JSON.stringify({ version: 1, lastRun: 1, jobs: { fixed: [waiting] } }),
    );
    clock.leap(30 * minute);
    await again(clock);
    await eventually(async () => (await history("fixed"))[0]?.outcome === "succeeded", "it ran");
    await eventually(() => lines("often").length === 1, "what else is due");
    assert.equal((await history("fixed")).length, 1);
    assert.equal(lines("fixed").length, 1);
  });

  it("has forgotten what is known of an app that is gone", async () => {
    const first = await bench.start();
    await first.stop();
    writeFileSync(join(directory(), "gone.json"), '{"version":1,"lastRun":0,"jobs":{}}');
    await bench.start();
    assert.equal(existsSync(join(directory(), "gone.json")), false);
  });
});

describe("a release record with cron", () => {
  for (const [what, wrong] of Object.entries({
    "a schedule that is none": { schedule: "61 * * * *" },
    "a zone that is none": { timeZone: "Mars/Base" },
    "a time that is too long": { timeout: 86_401 },
    "an overlap that is none": { overlap: "queue" },
    "a name with a slash": { name: "../x" },
    "one key more": { extra: 1 },
  })) {
    it(`is refused for ${what}`, async () => {
      await bench.start();
      bench.release("blog", 1, {}, { cron: [{ ...job("a", "true", "@daily"), ...wrong } as CronSpec] });
      await assert.rejects(bench.client.call("app.start", { app: "blog", release: 1 }), { code: "SUPERVISOR_REFUSED" });
    });
  }

  it("is refused for two jobs of one name", async () => {
    await bench.start();
    bench.release("blog", 1, {}, { cron: [job("a", "true", "@daily"), job("a", "true", "@daily")] });
    await assert.rejects(bench.client.call("app.start", { app: "blog", release: 1 }), { code: "SUPERVISOR_REFUSED" });
  });
});
