/** A build that nobody can remove: who may make a file immutable is root on most file systems; else the test says why it is not run. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { exec } from "#sys/exec.ts";
import { assertAnswers, deployLive, eventually } from "./apps.ts";
import { gatedApp } from "./faulty/gated-app.ts";
import { killHop3d, post, shown } from "./faulty/interruption.ts";
import { haltAt } from "./faulty/points.ts";
import { startPlatform, type RunningPlatform } from "./platform.ts";

let on: RunningPlatform;
before(async () => {
  on = await startPlatform({ supervisor: join(import.meta.dirname, "faulty/supervisor.ts") });
});
after(() => on.stop());

const chattr = (flags: readonly string[], file: string) =>
  exec(["chattr", ...flags, file], { env: { PATH: `${process.env["PATH"] ?? ""}:/usr/bin:/usr/sbin` } }).catch(
    (error: unknown) => ({ exitCode: 1, stderr: String(error) }),
  );

test("recovery gets past a build that cannot be removed: the deploy has its end, and the next one works", async (t) => {
  await deployLive(on, gatedApp(on.base, "one"), "kept");
  const halt = haltAt(on.base, "before:release");
  const deploy = (await post(on, gatedApp(on.base, "two"), "kept")) ?? assert.fail("it was not taken");
  await halt.reached();
  const held = join(on.layout.buildTree("kept", 2), "version");
  try {
    const made = await chattr(["+i"], held);
    if (made.exitCode !== 0) return t.skip(`this host lets us make no file immutable: ${made.stderr.trim()}`);
    await killHop3d(on);
    halt.release();
    await eventually("the deploy has an end", async () => (await shown(on, "kept", deploy))?.state === "failed");
    assert.ok(existsSync(join(on.layout.buildRemains("kept", 2), "version")), "it was removed after all");
    await assertAnswers(on.edge("kept"), { path: "/", status: 200, contains: "one" });
    await deployLive(on, gatedApp(on.base, "three"), "kept");
    await assertAnswers(on.edge("kept"), { path: "/", status: 200, contains: "three" });
  } finally {
    halt.release();
    // Wherever a clean-up has put it meanwhile.
    await chattr(["-R", "-i"], on.layout.root);
  }
});
