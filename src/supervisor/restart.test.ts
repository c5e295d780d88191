import assert from "node:assert/strict";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, test } from "node:test";
import { restartPolicies, type ProcessSpec, type RestartPolicy } from "#core/records.ts";
import { eventually, logText, makeBench, type Bench } from "./bench.ts";
import { loadDesired } from "./desired.ts";
import { backoffWait, eventOf } from "./restart.ts";
import { defaultTiming } from "./supervised-options.ts";

test("the waits double from 10 s to 300 s, and the ten of them take half an hour", () => {
  const { backoffFirst, backoffMax, restartsMax } = defaultTiming;
  const waits = Array.from({ length: restartsMax }, (_, restarts) => backoffWait(restarts, backoffFirst, backoffMax));
  assert.deepEqual(
    waits.map((ms) => ms / 1000),
    [10, 20, 40, 80, 160, 300, 300, 300, 300, 300],
  );
  assert.equal(backoffWait(10_000, backoffFirst, backoffMax), 300_000);
});

describe("what becomes of what has ended", () => {
  const ending = { proven: true, serves: false, restarts: 0, most: 10 };
  const table: Record<RestartPolicy, readonly [clean: string, unclean: string]> = {
    always: ["exit", "exit"],
    on_failure: ["finish", "exit"],
    never: ["finish", "finish"],
  };
  for (const policy of restartPolicies) {
    it(`is as ${policy} says, for what is live`, () => {
      const [clean, unclean] = table[policy];
      assert.equal(eventOf({ ...ending, policy, clean: true }), clean);
      assert.equal(eventOf({ ...ending, policy, clean: false }), unclean);
    });

    it(`is a failure of a first try under ${policy}, but for exit 0 of what does not serve`, () => {
      const first = { ...ending, proven: false, policy };
      assert.equal(eventOf({ ...first, clean: true }), policy === "always" ? "exit" : "finish");
      assert.equal(eventOf({ ...first, clean: false }), "exit");
      assert.equal(eventOf({ ...first, clean: true, serves: true }), "exit");
    });
  }

  it("is given up after the last restart, and not before", () => {
    assert.equal(eventOf({ ...ending, policy: "always", clean: true, restarts: 9 }), "exit");
    assert.equal(eventOf({ ...ending, policy: "always", clean: true, restarts: 10 }), "give-up");
    assert.equal(eventOf({ ...ending, policy: "on_failure", clean: false, restarts: 10 }), "give-up");
    assert.equal(eventOf({ ...ending, policy: "on_failure", clean: true, restarts: 10 }), "finish");
    assert.equal(eventOf({ ...ending, policy: "always", clean: false, restarts: 1e6, most: Infinity }), "exit");
  });
});

describe("a live process that ends by itself", () => {
  /** Runs until the file is there, then ends as it says: 0, 1 or a signal. */
  const untilTold = `while [ ! -e "$BENCH/end" ]; do sleep 0.05; done; read how <"$BENCH/end"; rm "$BENCH/end"
    case $how in KILL) kill -KILL $$;; *) exit $how;; esac`;

  async function withBench(work: (bench: Bench) => Promise<void>): Promise<void> {
    const bench = makeBench();
    try {
      await work(bench);
    } finally {
      await bench.clean();
    }
  }

  async function live(bench: Bench, spec: Partial<ProcessSpec>): Promise<void> {
    bench.release("jobs", 1, { worker: spec });
    await bench.client.call("app.start", { app: "jobs", release: 1 });
    assert.ok((await bench.client.call("app.await", { app: "jobs", release: 1, timeout: 15 })).ready);
    await bench.client.call("app.cutover", { app: "jobs", release: 1 });
  }

  const only = async (bench: Bench) => (await bench.client.call("status", {})).apps[0]?.instances[0] ?? assert.fail();
  const reaches = (bench: Bench, state: string) =>
    // The connection to a supervisor that has stopped is told as lost once.
    eventually(async () => (await only(bench).catch(() => undefined))?.state === state, `it is ${state}`);
  /** At once: the shell must not find the file before what it says. */
  const tell = (bench: Bench, how: string): void => {
    const path = join(bench.env["BENCH"] ?? "", "end");
    writeFileSync(`${path}.draft`, `${how}\n`);
    renameSync(`${path}.draft`, path);
  };

  const ends = { "0": "exit 0", "1": "exit 1", KILL: "exit 137 or signal 9 (SIGKILL)" };
  for (const restart of restartPolicies) {
    for (const [how, exit] of Object.entries(ends)) {
      const stays = restart === "never" || (restart === "on_failure" && how === "0");
      it(`${stays ? "stays ended" : "comes back"} under ${restart} after ${exit}`, () =>
        withBench(async (bench) => {
          await bench.start();
          await live(bench, { command: untilTold, restart });
          tell(bench, how);
          if (stays) {
            await reaches(bench, "ended");
            const one = await only(bench);
            const failure = how === "0" ? null : "exited";
            assert.deepEqual([one.lastExit, one.restarts, one.failure, one.retryAt], [exit, 0, failure, null]);
          } else {
            await eventually(async () => (await only(bench)).restarts === 1, "its restart");
            await reaches(bench, "ready");
            assert.equal((await only(bench)).lastExit, exit);
          }
        }));
    }
  }

  it("stays ended over a restart of the supervisor, and runs again when it is asked for", () =>
    withBench(async (bench) => {
      const first = await bench.start();
      await live(bench, { command: untilTold, restart: "on_failure" });
      tell(bench, "0");
      await reaches(bench, "ended");
      const before = await only(bench);
      await first.stop();
      await bench.start();
      await reaches(bench, "ended");
      assert.deepEqual(await only(bench), before);
      await bench.client.call("app.reset", { app: "jobs" });
      await reaches(bench, "ready");
      // Nothing of its end is left: it runs after the next start, too.
      assert.equal(
        loadDesired(bench.layout.desiredState, 0, () => undefined).desired.get("jobs")?.instances[0]?.over,
        null,
      );
    }));

  it("is given up after so many restarts, says so over a restart of the supervisor, and is tried again when asked", () =>
    withBench(async (bench) => {
      const timing = { backoffFirst: 10, backoffMax: 20, stayUp: 50, startLeast: 10, restartsMax: 3 };
      const first = await bench.start({ timing });
      await live(bench, { command: "echo here; sleep 0.1; exit 4" });
      await reaches(bench, "exhausted");
      const one = await only(bench);
      assert.deepEqual(
        [one.restarts, one.lastExit, one.failure, one.pid, one.retryAt],
        [3, "exit 4", "exited", null, null],
      );
      assert.equal(logText(bench, "jobs").match(/out here$/gm)?.length, 4);
      await first.stop();
      await bench.start({ timing });
      await reaches(bench, "exhausted");
      assert.deepEqual([(await only(bench)).state, (await only(bench)).lastExit], ["exhausted", "exit 4"]);
      await bench.client.call("app.reset", { app: "jobs" });
      assert.notEqual((await only(bench)).state, "exhausted");
      await reaches(bench, "exhausted");
    }));

  it("is told with when it is tried again, and a reset does not wait for that", () =>
    withBench(async (bench) => {
      await bench.start({ timing: { backoffFirst: 100_000, stayUp: 50 } });
      await live(bench, { command: untilTold });
      const from = Date.now();
      tell(bench, "1");
      await reaches(bench, "backoff");
      const at = Date.parse((await only(bench)).retryAt ?? "");
      assert.ok(at >= from + 100_000 && at <= Date.now() + 100_000, `${at - from} ms`);
      await bench.client.call("app.reset", { app: "jobs" });
      await reaches(bench, "ready");
      assert.deepEqual([(await only(bench)).retryAt, (await only(bench)).restarts], [null, 1]);
    }));

  it("counts from the first again after a sustained run", () =>
    withBench(async (bench) => {
      await bench.start({
        timing: { backoffFirst: 10, stayUp: 50, restartsMax: 1, backoffReset: 100, startLeast: 10 },
      });
      await live(bench, { command: "sleep 0.4; exit 1" });
      await eventually(async () => (await only(bench)).restarts >= 4, "more restarts than may come in a row");
    }));
});

describe("a process that has done its work", () => {
  it("does so in the first try of a release, which goes live beside a daemon; a reset or a start runs it again", async () => {
    const bench = makeBench();
    try {
      await bench.start();
      bench.release("jobs", 1, { task: { command: "echo done", restart: "on_failure" }, daemon: {} });
      await bench.client.call("app.start", { app: "jobs", release: 1 });
      const { ready } = await bench.client.call("app.await", { app: "jobs", release: 1, timeout: 15 });
      assert.ok(ready);
      const { instances } = await bench.client.call("app.cutover", { app: "jobs", release: 1 });
      assert.deepEqual(
        instances.map(({ type, state }) => [type, state]),
        [
          ["task", "ended"],
          ["daemon", "ready"],
        ],
      );
      for (const turn of [2, 3]) {
        if (turn === 2) await bench.client.call("app.resume", { app: "jobs", timeout: 15 });
        else await bench.client.call("app.renew", { app: "jobs", timeout: 15 });
        if (turn === 3) await bench.client.call("app.swap", { app: "jobs", drain: 0 });
        await eventually(() => logText(bench, "jobs").match(/out done$/gm)?.length === turn, `run ${turn}`);
      }
    } finally {
      await bench.clean();
    }
  });
});
