/** The whole platform with PostgreSQL as its store: what works with the embedded one works with this. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { startPostgres } from "../postgres/server.ts";
import { assertAnswers, deployLive, eventually } from "./apps.ts";
import { gatedApp } from "./faulty/gated-app.ts";
import { killHop3d, post, shown } from "./faulty/interruption.ts";
import { haltAt } from "./faulty/points.ts";
import { assertGone, unrest } from "./faulty/remains.ts";
import { startPlatform } from "./platform.ts";

const starting = startPostgres();
const running = starting.then(async (server) =>
  startPlatform({
    env: { POSTGRES_DB_URI: await server.createDatabase() },
    supervisor: join(import.meta.dirname, "faulty/supervisor.ts"),
  }),
);
after(async () => {
  await (await running).stop();
  await (await starting).stop();
});

test("an app is deployed, restarted, configured, scaled and destroyed", async () => {
  const on = await running;
  const says = (contains: string) => assertAnswers(on.edge("kept"), { path: "/", status: 200, contains });
  await deployLive(on, gatedApp(on.base, "one"), "kept");
  await deployLive(on, gatedApp(on.base, "two"), "kept");
  await says("two");
  await on.api("POST", "/apps/kept/restart");
  const changed = (await on.api("PATCH", "/apps/kept/env", { set: { KEY: "wörld" } })) as { release: number };
  assert.equal(changed.release, 3);
  const { variables } = (await on.api("GET", "/apps/kept/env/values")) as {
    variables: { name: string; value: string }[];
  };
  assert.equal(variables.find(({ name }) => name === "KEY")?.value, "wörld");
  await on.api("PATCH", "/apps/kept/processes", { scale: { web: 2 } });
  await on.api("POST", "/apps/kept/domains", { domain: "www.example.com" });
  await assertAnswers({ ...on.edge("kept"), host: "www.example.com" }, { path: "/", status: 200, contains: "two" });
  await on.destroy("kept");
  assertGone(on, "kept");
  assert.ok(!existsSync(on.layout.database), "the embedded store was used");
});

test("a deploy that hop3d died in is undone, and the database may lose its connections", async () => {
  const on = await running;
  await deployLive(on, gatedApp(on.base, "old"), "again");
  const halt = haltAt(on.base, "app:build");
  const deploy = (await post(on, gatedApp(on.base, "new"), "again")) ?? 0;
  await halt.reached();
  await killHop3d(on);
  halt.release();
  await eventually("it has failed", async () => (await shown(on, "again", deploy))?.state === "failed");
  await eventually("the platform is at rest", async () => (await unrest(on)) === undefined);
  await (await starting).cutConnections(on.settings.postgresUri ?? "");
  // A request that was given a dead connection fails with STORE_FAILED, which says to try again; the pool learns of it.
  await eventually("it has connected again", () => on.api("GET", "/apps").then(Boolean, () => false));
  await deployLive(on, gatedApp(on.base, "new"), "again");
  await assertAnswers(on.edge("again"), { path: "/", status: 200, contains: "new" });
  await on.destroy("again");
});
