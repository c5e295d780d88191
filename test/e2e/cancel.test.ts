/** A deploy is canceled wherever it stands: before its cut-over nothing of it is left, from there on it cannot be. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, suite, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { assertAnswers, deployLive, eventually } from "./apps.ts";
import { gatedApp } from "./faulty/gated-app.ts";
import { killHop3d, post, shown } from "./faulty/interruption.ts";
import { haltAt } from "./faulty/points.ts";
import { assertGone, remainsOf, unrest } from "./faulty/remains.ts";
import { processesOf, startPlatform, type RunningPlatform } from "./platform.ts";

const supervisor = join(import.meta.dirname, "faulty/supervisor.ts");
const running: Promise<RunningPlatform>[] = [];
const lazily = (env: Record<string, string> = {}) => {
  let one: Promise<RunningPlatform> | undefined;
  return () => {
    if (one === undefined) running.push((one = startPlatform({ supervisor, env })));
    return one;
  };
};
after(async () => {
  for (const one of running) await (await one).stop();
});

type Canceled = { readonly status: number; readonly body: { readonly code?: string; readonly state?: string } };

async function cancel(on: RunningPlatform, app: string, deploy: number | undefined): Promise<Canceled> {
  const headers = { authorization: `Bearer ${on.token}` };
  const response = await fetch(`${on.apiUrl}/apps/${app}/deploys/${deploy}/cancel`, { method: "POST", headers });
  return { status: response.status, body: (await response.json()) as Canceled["body"] };
}

const isCanceled = async (on: RunningPlatform, app: string, deploy: number | undefined) => {
  const { status, body } = await cancel(on, app, deploy);
  assert.deepEqual([status, body.state], [200, "canceled"], JSON.stringify(body));
};

async function ended(on: RunningPlatform, app: string, deploy: number | undefined): Promise<string> {
  let state = "";
  await eventually("the deploy has an end", async () => {
    state = (await shown(on, app, deploy ?? 0))?.state ?? "running";
    return state !== "running";
  });
  return state;
}

async function atRest(on: RunningPlatform): Promise<void> {
  let wrong: string | undefined;
  await eventually("the platform is at rest", async () => (wrong = await unrest(on)) === undefined).catch(() =>
    assert.fail(wrong),
  );
}

const says = (on: RunningPlatform, app: string, contains: string) =>
  assertAnswers(on.edge(app), { path: "/", status: 200, contains });

/** Values of one column in the platform's database. */
function column(on: RunningPlatform, sql: string, ...values: (string | number)[]): unknown[] {
  const database = new DatabaseSync(on.layout.database, { readOnly: true });
  try {
    return database
      .prepare(sql)
      .all(...values)
      .map((row) => Object.values(row)[0]);
  } finally {
    database.close();
  }
}

const accepted = (on: RunningPlatform, app: string, deploy: number | undefined) =>
  eventually("the cancel is accepted", () => {
    const sql = "select action from events where action = 'app.deploy.cancel' and app = ? and target = ?";
    return column(on, sql, app, `deploy ${deploy}`).length === 1;
  });

/** The stream of a deploy as text; ends with it. */
async function watch(on: RunningPlatform, app: string, deploy: number | undefined): Promise<string> {
  const headers = { authorization: `Bearer ${on.token}` };
  return (await fetch(`${on.apiUrl}/apps/${app}/deploys/${deploy}/events`, { headers })).text();
}

/** An app with this build; `version` is what it answers. */
function building(on: RunningPlatform, version: string, build: string): string {
  const dir = gatedApp(on.base, version);
  writeFileSync(join(dir, "Procfile"), `build: ${build}\nweb: exec python3 serve.py\n`);
  return dir;
}

const fates: Record<string, "canceled" | "serves"> = {
  "before:detect": "canceled",
  "after:detect": "canceled",
  "before:build": "canceled",
  "app:build": "canceled",
  "after:build": "canceled",
  "before:release": "canceled",
  "within:release": "canceled",
  "app:release": "canceled",
  "after:release": "canceled",
  "before:start": "canceled",
  "app:start": "canceled",
  "after:start": "canceled",
  "app:probe": "canceled",
  "after:probe": "canceled",
  "before:cut-over": "serves",
  "within:cut-over": "serves",
  "after:cut-over": "serves",
  "before:retire": "serves",
};

suite("a cancel that was accepted holds when hop3d dies over it", { concurrency: 1 }, () => {
  const platform = lazily();
  test("the deploy that runs and the one that waits are canceled by the next hop3d, and nothing of them is left", async () => {
    const on = await platform();
    await deployLive(on, gatedApp(on.base, "old"), "app");
    const before = remainsOf(on, "app");
    const build = haltAt(on.base, "app:build");
    const running = await post(on, gatedApp(on.base, "new"), "app");
    await build.reached();
    const waiting = await post(on, gatedApp(on.base, "newer"), "app");
    const other = await post(on, gatedApp(on.base, "newest"), "app");
    const halt = haltAt(on.base, "before:cancel");
    void cancel(on, "app", running).catch(() => undefined);
    await halt.reached();
    const again = haltAt(on.base, "before:cancel");
    void cancel(on, "app", waiting).catch(() => undefined);
    await eventually("both are written down", () => {
      const sql = "select number from deploys where canceled is not null";
      return column(on, sql).length === 2;
    });
    await killHop3d(on);
    again.release();
    build.release();
    assert.equal(await ended(on, "app", running), "canceled");
    assert.equal(await ended(on, "app", waiting), "canceled");
    assert.equal(await ended(on, "app", other), "failed");
    assert.match(String((await shown(on, "app", waiting ?? 0))?.error?.message), /was canceled by /);
    await atRest(on);
    assert.deepEqual(remainsOf(on, "app"), before, "something of them was left behind");
    await says(on, "app", "old");
  });
});

suite("a cancel of the deploy that runs", { concurrency: 1 }, () => {
  const platform = lazily();
  for (const [point, fate] of Object.entries(fates)) {
    const then = fate === "serves" ? "it serves already" : "nothing of it is left, the old release serves";
    test(`at ${point}: ${then}`, async () => {
      const on = await platform();
      await deployLive(on, gatedApp(on.base, "old"), "app");
      const before = remainsOf(on, "app");
      const halt = haltAt(on.base, point);
      const deploy = await post(on, gatedApp(on.base, "new"), "app");
      await halt.reached();
      const watching = watch(on, "app", deploy);
      const canceling = cancel(on, "app", deploy);
      if (fate === "serves") {
        const { status, body } = await canceling;
        assert.deepEqual([status, body.code], [409, "CONFLICT"]);
        halt.release();
        assert.equal(await ended(on, "app", deploy), "succeeded");
        await atRest(on);
        await says(on, "app", "new");
        return;
      }
      await accepted(on, "app", deploy);
      // What the app's own code does is ended; a point of hop3d's own would be held for ever.
      if (!point.startsWith("app:")) halt.release();
      const { status, body } = await canceling;
      assert.deepEqual([status, body.state], [200, "canceled"]);
      assert.deepEqual(remainsOf(on, "app"), before, "something of the deploy was left behind");
      assert.match(await watching, /event: ?done\n[^]*"outcome":"canceled"[^]*"code":"CANCELED"/);
      halt.release();
      await atRest(on);
      await says(on, "app", "old");
      const sql = "select outcome from deploy_steps where app = 'app' and deploy = ?";
      const outcomes = column(on, sql, deploy ?? 0);
      assert.ok(
        outcomes.every((outcome) => outcome === "done" || outcome === "canceled"),
        outcomes.join(),
      );
      assert.deepEqual(column(on, "select number from builds where state = 'running'"), []);
    });
  }

  test("ends its whole process tree, grandchildren and what left its session too; two at once both are told", async () => {
    const on = await platform();
    await deployLive(on, gatedApp(on.base, "old"), "app");
    const [before, processes] = [remainsOf(on, "app"), await processesOf(on.base)];
    const tree = "(sh -c 'sleep 1000 & sleep 1000' &); (setsid sleep 1000 &); touch up; sleep 1000";
    const deploy = await post(on, building(on, "forks", tree), "app");
    const sql = "select build from deploys where app = 'app' and number = ?";
    const [build] = column(on, sql, deploy ?? 0);
    const up = join(on.layout.buildTree("app", Number(build)), "up");
    await eventually("the build is up", () => existsSync(up));
    assert.ok((await processesOf(on.base)).length > processes.length + 3);
    const both = await Promise.all([cancel(on, "app", deploy), cancel(on, "app", deploy)]);
    assert.deepEqual(
      both.map(({ status, body }) => [status, body.state]),
      [
        [200, "canceled"],
        [200, "canceled"],
      ],
    );
    assert.deepEqual(
      (await processesOf(on.base)).filter((pid) => !processes.includes(pid)),
      [],
    );
    assert.deepEqual(remainsOf(on, "app"), before);
    await isCanceled(on, "app", deploy);
    await says(on, "app", "old");
  });

  test("of a first deploy leaves an app without anything that runs, and the next deploy is live", async () => {
    const on = await platform();
    const halt = haltAt(on.base, "app:start");
    const dir = gatedApp(on.base, "first");
    const deploy = await post(on, dir, "first");
    await halt.reached();
    await isCanceled(on, "first", deploy);
    halt.release();
    await atRest(on);
    assert.deepEqual(remainsOf(on, "first"), { trees: [], releases: [] });
    await deployLive(on, dir, "first");
    await says(on, "first", "first");
    await on.destroy("first");
    assertGone(on, "first");
  });

  test("takes back a change of variables too, and a rollback that waits for it never begins", async () => {
    const on = await platform();
    for (const version of ["older", "newer"]) await deployLive(on, gatedApp(on.base, version), "settings");
    const before = remainsOf(on, "settings");
    const halt = haltAt(on.base, "app:start");
    const changing = on.api("PATCH", "/apps/settings/env", { set: { COLOR: "red" }, unset: [] }).catch(String);
    await halt.reached();
    const { deploy } = (await on.api("POST", "/apps/settings/rollback", {})) as { deploy: number };
    await isCanceled(on, "settings", deploy);
    await isCanceled(on, "settings", deploy - 1);
    assert.match(String(await changing), /CANCELED/);
    halt.release();
    await atRest(on);
    assert.deepEqual(remainsOf(on, "settings"), before);
    assert.deepEqual(column(on, "select name from env where app = 'settings'"), []);
    await says(on, "settings", "newer");
  });

  test("that races with its end either takes it back or is refused, and what serves agrees", async () => {
    const on = await platform();
    let version = "race-0";
    await deployLive(on, gatedApp(on.base, version), "race");
    for (const [index, ms] of [0, 150, 300, 450, 600, 750].entries()) {
      const next = `race-${index + 1}`;
      const deploy = await post(on, gatedApp(on.base, next), "race");
      await delay(ms);
      const { status, body } = await cancel(on, "race", deploy);
      const state = await ended(on, "race", deploy);
      assert.deepEqual([status, state], status === 200 ? [200, "canceled"] : [409, "succeeded"], JSON.stringify(body));
      if (state === "succeeded") version = next;
      await says(on, "race", version);
    }
    await atRest(on);
  });
});

suite("deploys that wait", { concurrency: 1 }, () => {
  const platform = lazily({ HOP3_BUILDS: "1" });

  test("one that is canceled ends at once and never begins; the one that runs goes on", async () => {
    const on = await platform();
    const halt = haltAt(on.base, "app:build");
    const one = await post(on, gatedApp(on.base, "one"), "line");
    await halt.reached();
    const two = await post(on, gatedApp(on.base, "two"), "line");
    const { deploys } = (await on.api("GET", "/apps/line/deploys")) as {
      deploys: { deploy: number; waits: boolean }[];
    };
    assert.deepEqual(
      deploys.map(({ deploy, waits }) => [deploy, waits]),
      [
        [two, true],
        [one, false],
      ],
    );
    await isCanceled(on, "line", two);
    assert.equal(remainsOf(on, "line").trees.length, 1);
    assert.match(await watch(on, "line", two), /"detail":"waiting for deploy 1 to end"[^]*"outcome":"canceled"/);
    halt.release();
    assert.equal(await ended(on, "line", one), "succeeded");
    await atRest(on);
    await says(on, "line", "one");
    assert.deepEqual(column(on, "select number from builds where app = 'line'"), [1]);
    const { status, body } = await cancel(on, "line", one);
    assert.deepEqual([status, body.code], [409, "CONFLICT"]);
    assert.equal((await cancel(on, "line", 99)).status, 404);
  });

  test("with replace=true the newest takes the place of all that do not serve yet", async () => {
    const on = await platform();
    const halt = haltAt(on.base, "app:build");
    const one = await post(on, gatedApp(on.base, "r1"), "newest");
    await halt.reached();
    const two = await post(on, gatedApp(on.base, "r2"), "newest");
    const three = await post(on, gatedApp(on.base, "r3"), "newest", "&replace=true");
    const states = await Promise.all([one, two, three].map((deploy) => ended(on, "newest", deploy)));
    halt.release();
    assert.deepEqual(states, ["canceled", "canceled", "succeeded"]);
    assert.match(String((await shown(on, "newest", two ?? 0))?.error?.message), /deploy 3 takes its place/);
    await atRest(on);
    await says(on, "newest", "r3");
    assert.equal(remainsOf(on, "newest").trees.length, 1);
  });

  test("a build beyond the server's budget waits for its turn and says so; it can be canceled there", async () => {
    const on = await platform();
    mkdirSync(join(on.base, "faults"), { recursive: true });
    const halt = haltAt(on.base, "app:build");
    const busy = await post(on, gatedApp(on.base, "busy"), "busy");
    await halt.reached();
    const waits = /"name":"build"[^\n]*"detail":"waiting for other builds"/;
    const canceled = await post(on, gatedApp(on.base, "patient"), "patient");
    const other = await post(on, gatedApp(on.base, "other"), "other");
    const told = (app: string) => () =>
      column(on, "select data from deploy_events where app = ?", app).some((data) => waits.test(String(data)));
    await eventually("both wait", () => told("patient")() && told("other")());
    await isCanceled(on, "patient", canceled);
    assert.equal((await shown(on, "other", other ?? 0))?.state, "running");
    halt.release();
    assert.deepEqual([await ended(on, "busy", busy), await ended(on, "other", other)], ["succeeded", "succeeded"]);
    await says(on, "other", "other");
    await atRest(on);
  });
});
