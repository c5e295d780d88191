/** The clock that hop3d is handed is moved by an hour, forward and back, at rest and in the middle of deploys. */
import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { listSteps } from "#store/deploy-steps.ts";
import { openStore } from "#store/open.ts";
import { systemClock } from "#sys/clock.ts";
import { assertAnswers, deployLive, eventually } from "./apps.ts";
import { gatedApp } from "./faulty/gated-app.ts";
import { post, shown } from "./faulty/interruption.ts";
import { haltAt, moveClock } from "./faulty/points.ts";
import { unrest } from "./faulty/remains.ts";
import { watchEdge } from "./faulty/watch-edge.ts";
import { startPlatform, type RunningPlatform } from "./platform.ts";

const running = startPlatform({ supervisor: join(import.meta.dirname, "faulty/supervisor.ts") });
after(async () => (await running).stop());

const hour = 60 * 60 * 1000;

/** Milliseconds for what takes a few seconds: no wait becomes an hour. */
const patience = 40_000;

const moves = { "an hour forward": hour, "an hour back": -hour };

/** Where a deploy stands when the clock is moved: every way is one in which something is measured or written down. */
const points = ["app:build", "app:release", "app:start", "app:probe", "within:cut-over", "before:drain"];

async function ends(
  on: RunningPlatform,
  app: string,
  deploy: number,
): Promise<NonNullable<Awaited<ReturnType<typeof shown>>>> {
  let end: Awaited<ReturnType<typeof shown>>;
  const isOver = async () => ((end = await shown(on, app, deploy))?.state ?? "running") !== "running";
  await eventually(`deploy ${deploy} has an end`, isOver, patience);
  return end ?? assert.fail();
}

for (const [name, jump] of Object.entries(moves)) {
  test(`a clock that is moved ${name} in every step of a deploy neither stops it nor turns its order round`, async () => {
    const on = await running;
    const app = jump > 0 ? "forward" : "back";
    const versions = [`${app}-0`];
    moveClock(on.base, 0);
    await deployLive(on, gatedApp(on.base, versions[0] ?? ""), app);
    const watching = watchEdge(on.edge(app));
    try {
      for (const [index, point] of points.entries()) {
        const version = `${app}-${index + 1}`;
        versions.push(version);
        const halt = haltAt(on.base, point);
        const deploy = (await post(on, gatedApp(on.base, version), app)) ?? assert.fail("it was not taken");
        await halt.reached();
        // There and back again: the next one begins an hour off.
        moveClock(on.base, index % 2 === 0 ? jump : 0);
        halt.release();
        const end = await ends(on, app, deploy);
        assert.equal(end.state, "succeeded", `moved at ${point}: ${JSON.stringify(end)}`);
      }
    } finally {
      watching.abandon();
    }
    await watching.stop(versions);
    await assertAnswers(on.edge(app), { path: "/", status: 200, contains: versions.at(-1) ?? "" });
    let wrong: string | undefined;
    await eventually("it is at rest", async () => (wrong = await unrest(on)) === undefined, patience).catch(() =>
      assert.fail(wrong),
    );
    // By number, whatever the times say.
    const { deploys } = (await on.api("GET", `/apps/${app}/deploys`)) as { deploys: { deploy: number }[] };
    assert.deepEqual(
      deploys.map(({ deploy }) => deploy),
      versions.map((_, index) => index + 1).toReversed(),
    );
    const { releases } = (await on.api("GET", `/apps/${app}/releases`)) as { releases: { release: number }[] };
    assert.deepEqual(
      releases.map(({ release }) => release),
      [7, 6, 5, 4, 3, 2, 1],
    );
    await assertJournals(on, app, versions.length);
    await on.api("POST", `/apps/${app}/rollback`, { release: 6 });
    await eventually("the older one serves", async () =>
      assertAnswers(on.edge(app), { path: "/", status: 200, contains: `${app}-5` }).then(
        () => true,
        () => false,
      ),
    );
  });

  test(`a clock that is moved ${name} while an app is asked whether it is well gives it no other time to get so`, async () => {
    const on = await running;
    const app = `unwell-${jump > 0 ? "forward" : "back"}`;
    moveClock(on.base, 0);
    const dir = gatedApp(on.base, app);
    appendFileSync(join(dir, "hop3.toml"), "expected_status = 418\nstart_period = 3\ninterval = 0.5\nretries = 1\n");
    const halt = haltAt(on.base, "app:probe");
    const deploy = (await post(on, dir, app)) ?? assert.fail("it was not taken");
    await halt.reached().catch(async () => assert.fail(JSON.stringify(await shown(on, app, deploy))));
    const began = performance.now();
    moveClock(on.base, jump);
    halt.release();
    const { error } = await ends(on, app, deploy);
    assert.equal(error?.code, "APP_UNHEALTHY");
    assert.ok(performance.now() - began > 2000, "it was not given its start period");
  });
}

/** The rows of each are in the order in which the steps began, and none is left open. */
async function assertJournals(on: RunningPlatform, app: string, last: number): Promise<void> {
  const store = await openStore({ file: on.layout.database, clock: systemClock });
  try {
    for (let deploy = 2; deploy <= last; deploy += 1) {
      const steps = await listSteps(store, app, deploy);
      assert.deepEqual(
        steps.map(({ step, outcome }) => `${step} ${outcome}`),
        ["detect", "build", "release", "start", "probe", "cut-over", "drain", "retire"].map((step) => `${step} done`),
      );
    }
  } finally {
    await store.close();
  }
}
