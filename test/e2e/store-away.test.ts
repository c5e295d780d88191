/** The store is locked, gone or away while apps serve and a deploy is under way: it is said, and afterwards all is well. */
import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { assertAnswers, deployLive, eventually } from "./apps.ts";
import { gatedApp } from "./faulty/gated-app.ts";
import { post, shown } from "./faulty/interruption.ts";
import { haltAt } from "./faulty/points.ts";
import { unrest } from "./faulty/remains.ts";
import { watchEdge } from "./faulty/watch-edge.ts";
import { startPlatform, type RunningPlatform } from "./platform.ts";

const running = startPlatform({ supervisor: join(import.meta.dirname, "faulty/supervisor.ts") });
after(async () => (await running).stop());

/** Milliseconds for which the store is away. */
const away = 20_000;

const faults: Record<string, (on: RunningPlatform) => () => void> = {
  "locked by another process": ({ layout }) => {
    const other = new DatabaseSync(layout.database);
    other.exec("begin exclusive");
    return () => {
      other.exec("rollback");
      other.close();
    };
  },
  gone: ({ layout }) => {
    renameSync(layout.database, `${layout.database}.away`);
    return () => renameSync(`${layout.database}.away`, layout.database);
  },
};

let version = 0;
for (const [name, strike] of Object.entries(faults)) {
  test(`a store that is ${name} during a deploy stops no app, is said, and needs no help afterwards`, async () => {
    const on = await running;
    version += 1;
    await deployLive(on, gatedApp(on.base, `old${version}`), "kept");
    const watching = watchEdge(on.edge("kept"));
    const halt = haltAt(on.base, "app:build");
    const deploy = (await post(on, gatedApp(on.base, `new${version}`), "kept")) ?? assert.fail("it was not taken");
    await halt.reached();
    const { services: before } = await on.supervisor.call("status", {});
    const pidOf = (all: typeof before) => all.find((one) => one.name === "hop3d")?.pid;
    const comeBack = strike(on);
    const began = performance.now();
    try {
      halt.release();
      // A change that cannot be stored is refused in time, with a code that says why.
      const headers = { authorization: `Bearer ${on.token}`, "content-type": "application/json" };
      const body = JSON.stringify({ domain: "www.example.com" });
      const asked = await fetch(`${on.apiUrl}/apps/kept/domains`, { method: "POST", headers, body });
      assert.equal(asked.status, 503);
      assert.equal(((await asked.json()) as { code: string }).code, "STORE_FAILED");
      assert.ok(performance.now() - began < away, "the answer took too long");
      await delay(Math.max(0, away - (performance.now() - began)));
    } finally {
      comeBack();
    }
    await eventually(
      "the deploy has an end",
      async () => ["failed", "succeeded"].includes((await shown(on, "kept", deploy))?.state ?? ""),
      30_000,
    );
    const end = await shown(on, "kept", deploy);
    const serves = end?.state === "succeeded" ? `new${version}` : `old${version}`;
    if (end?.state === "failed") assert.equal(end.error?.code, "STORE_FAILED");
    let wrong: string | undefined;
    await eventually("it is at rest", async () => (wrong = await unrest(on)) === undefined, 20_000).catch(() =>
      assert.fail(wrong),
    );
    await assertAnswers(on.edge("kept"), { path: "/", status: 200, contains: serves });
    await watching.stop([`old${version}`, `new${version}`]);
    assert.equal(pidOf((await on.supervisor.call("status", {})).services), pidOf(before), "hop3d has crashed");
    await deployLive(on, gatedApp(on.base, `later${version}`), "kept");
  });
}
