/** The end of an app: at once, whatever is under way; whole, whoever dies meanwhile; and nothing of it is left. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { deployLive, eventually } from "./apps.ts";
import { gatedApp } from "./faulty/gated-app.ts";
import { killHop3d, post } from "./faulty/interruption.ts";
import { haltAt } from "./faulty/points.ts";
import { assertGone, unrest } from "./faulty/remains.ts";
import { fetchThroughEdge } from "./http-through-edge.ts";
import { startPlatform, tarOf, type RunningPlatform } from "./platform.ts";

let on: RunningPlatform;
const app = "blog";

before(async () => {
  on = await startPlatform({ supervisor: join(import.meta.dirname, "faulty/supervisor.ts") });
});
after(() => on.stop());

async function ask(method: string, path: string): Promise<{ status: number; text: string }> {
  const headers = { authorization: `Bearer ${on.token}` };
  const response = await fetch(`${on.apiUrl}${path}`, { method, headers });
  return { status: response.status, text: await response.text() };
}

const destroy = () => ask("DELETE", `/apps/${app}?confirm=${app}`);

async function isGone(): Promise<void> {
  await eventually("the app is gone", async () => {
    const found = await ask("GET", `/apps/${app}`).catch(() => undefined);
    return found?.status === 404;
  });
  let wrong: string | undefined;
  await eventually("the platform is at rest", async () => (wrong = await unrest(on)) === undefined).catch(() =>
    assert.fail(wrong),
  );
  assertGone(on, app);
  assert.equal((await fetchThroughEdge(on.edge(app), "/")).status, 404);
}

suite("an app is destroyed", { concurrency: 1 }, () => {
  for (const point of ["app:build", "app:release", "app:start", "app:probe"]) {
    test(`while a deploy is at ${point} and two wait: they end canceled first, nobody waits, nothing is left`, async () => {
      await deployLive(on, gatedApp(on.base, "old"), app);
      const halt = haltAt(on.base, point);
      const running = await post(on, gatedApp(on.base, "new"), app);
      await halt.reached();
      const waiting = [
        await post(on, gatedApp(on.base, "newer"), app),
        await post(on, gatedApp(on.base, "newest"), app),
      ];
      const streams = [running, ...waiting].map((deploy) => ask("GET", `/apps/${app}/deploys/${deploy}/events`));
      const { status, text } = await destroy();
      assert.equal(status, 200, text);
      halt.release();
      for (const stream of streams) assert.match((await stream).text, /"outcome":"canceled"|"code":"NOT_FOUND"/);
      await isGone();
      // The name is free again, and what comes begins anew.
      await deployLive(on, gatedApp(on.base, "again"), app);
      assert.equal((await fetchThroughEdge(on.edge(app), "/")).body, "again");
      assert.equal((await destroy()).status, 200);
      await isGone();
    });
  }

  for (const point of ["destroy:marked", "destroy:ended", "destroy:unrouted", "destroy:removed"]) {
    test(`kill -9 of hop3d at ${point}: the next one finishes it, a build under way included`, async () => {
      await deployLive(on, gatedApp(on.base, "old"), app);
      const build = haltAt(on.base, "app:build");
      await post(on, gatedApp(on.base, "new"), app);
      await build.reached();
      const halt = haltAt(on.base, point);
      const destroying = destroy().catch(() => undefined);
      await halt.reached();
      const refused = await fetch(`${on.apiUrl}/apps/${app}/deploys?create=true`, {
        method: "POST",
        headers: { authorization: `Bearer ${on.token}`, "content-type": "application/x-tar" },
        body: await tarOf(gatedApp(on.base, "late")),
      });
      assert.equal(refused.status, 409);
      await killHop3d(on);
      halt.release();
      build.release();
      await destroying;
      await isGone();
    });
  }

  test("kill -9 of the supervisor meanwhile: it is destroyed all the same", async () => {
    await deployLive(on, gatedApp(on.base, "old"), app);
    const halt = haltAt(on.base, "destroy:marked");
    const destroying = destroy();
    await halt.reached();
    await on.killSupervisor();
    halt.release();
    await on.startAgain();
    const { status, text } = await destroying;
    assert.equal(status, 200, text);
    await isGone();
  });
});
