/** A cut-over that cannot be recorded is taken back; with nothing to go back to, to an app that never served. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { staticLink } from "#paas/static-link.ts";
import { assertAnswers, deployLive, eventually } from "./apps.ts";
import { gatedApp } from "./faulty/gated-app.ts";
import { post, shown } from "./faulty/interruption.ts";
import { haltAt } from "./faulty/points.ts";
import { unrest } from "./faulty/remains.ts";
import { fetchThroughEdge } from "./http-through-edge.ts";
import { startPlatform, type RunningPlatform } from "./platform.ts";

let on: RunningPlatform;
before(async () => {
  on = await startPlatform({ supervisor: join(import.meta.dirname, "faulty/supervisor.ts") });
});
after(() => on.stop());

test("a first deploy that cannot be recorded leaves an app of which nothing serves or runs, and the next one works", async () => {
  const halt = haltAt(on.base, "within:cut-over");
  try {
    const deploy = (await post(on, gatedApp(on.base, "one"), "first")) ?? assert.fail("it was not taken");
    await halt.reached();
    // In the place of the link to the app's files, while its release is live at the supervisor alone.
    mkdirSync(join(staticLink(on.layout, "first"), "in-the-way"), { recursive: true });
    halt.release();
    await eventually("the deploy has an end", async () => (await shown(on, "first", deploy))?.state === "failed");
  } finally {
    halt.release();
  }
  const { apps } = await on.supervisor.call("status", {});
  assert.deepEqual(apps.find(({ app }) => app === "first")?.instances ?? [], []);
  const found = (await on.api("GET", "/apps/first")) as { state: string; release: number | null };
  assert.deepEqual([found.state, found.release], ["failed", null]);
  assert.notEqual((await fetchThroughEdge(on.edge("first"), "/")).status, 200);
  await eventually("the platform is at rest", async () => (await unrest(on)) === undefined);
  await deployLive(on, gatedApp(on.base, "two"), "first");
  await assertAnswers(on.edge("first"), { path: "/", status: 200, contains: "two" });
});
