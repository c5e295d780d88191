import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { eventually } from "./apps.ts";
import { startPlatform, type RunningPlatform } from "./platform.ts";
import { deployTwenty, reboot, twentyApps, untilAllAnswer } from "./reboot.ts";

// How soon is for the bench (docs/benchmarks.md): this machine may have other things to do.
const patienceMs = 120_000;

suite("after a reboot", () => {
  let platform: RunningPlatform;
  before(async () => {
    platform = await startPlatform();
    await deployTwenty(platform);
  });
  after(() => platform.stop());

  test("twenty apps are back with all their processes, without anybody doing anything", async (t) => {
    const before = [await processes(), await missing()];
    await reboot(platform);
    const began = performance.now();
    await Promise.all([platform.startAgain(), untilAllAnswer(platform, patienceMs)]);
    await eventually("all is ready", async () => (await processes()).every((one) => one.endsWith("ready")), patienceMs);
    t.diagnostic(`all are back after ${((performance.now() - began) / 1000).toFixed(1)} s`);
    // And behind the walls that they had.
    assert.deepEqual([await processes(), await missing()], before);
    // And a change is taken: hop3d has its store, its keys and its socket.
    await platform.api("POST", `/apps/${twentyApps[0]}/restart`, {});
    const { apps } = (await platform.api("GET", "/apps")) as { apps: readonly { readonly state: string }[] };
    assert.equal(apps.length, twentyApps.length);
  });

  async function processes(): Promise<string[]> {
    const { apps } = await platform.supervisor.call("status", {});
    return apps.flatMap(({ app, instances }) =>
      instances.map(({ type, index, release, state }) => `${app} ${type}.${index} of release ${release} is ${state}`),
    );
  }

  /** Walls, in system mode. */
  async function missing(): Promise<string[]> {
    return (await platform.supervisor.call("host", {})).missing.map(({ wall }) => wall);
  }
});
