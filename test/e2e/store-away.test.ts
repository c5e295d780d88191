/**
 * The store is locked, gone or away for half a minute while apps serve and deploys are under way: it is said, and afterwards
 * all is well with no help. Each fault meets a platform of its own, all at the same time: it is the waiting that takes long.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readlinkSync, renameSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { staticLink } from "#paas/static-link.ts";
import { startPostgres } from "../postgres/server.ts";
import { assertAnswers, deployLive, eventually } from "./apps.ts";
import { gatedApp, staticApp } from "./faulty/gated-app.ts";
import { post, shown } from "./faulty/interruption.ts";
import { faultsDirectory, haltAt, type Halt } from "./faulty/points.ts";
import { unrest } from "./faulty/remains.ts";
import { watchEdge, type Watching } from "./faulty/watch-edge.ts";
import { answerOf } from "./http-through-edge.ts";
import { startPlatform, type RunningPlatform } from "./platform.ts";

/** Milliseconds for which the store is away, and within which a request of the API is answered meanwhile. */
const away = 30_000;
const answered = 12_000;

const postgres = startPostgres();
after(async () => (await postgres).stop());

type Fault = {
  readonly env?: () => Promise<Record<string, string>>;
  /** Resolves when the store is away, with what brings it back. */
  readonly strike: (on: RunningPlatform) => Promise<() => Promise<void>>;
  /** Reading goes on. */
  readonly isReadable?: boolean;
};

const faults: Record<string, Fault> = {
  "a SQLite that another process has locked": {
    isReadable: true,
    strike: async ({ layout }) => {
      const other = new DatabaseSync(layout.database, { timeout: 5000 });
      other.exec("begin exclusive");
      return async () => {
        other.exec("rollback");
        other.close();
      };
    },
  },
  "a SQLite whose file was moved away": {
    strike: async ({ layout }) => {
      renameSync(layout.database, `${layout.database}.away`);
      return async () => renameSync(`${layout.database}.away`, layout.database);
    },
  },
  "a PostgreSQL that was stopped": {
    env: async () => ({ POSTGRES_DB_URI: await (await postgres).createDatabase() }),
    strike: async () => {
      await (await postgres).halt();
      return async () => (await postgres).startAgain();
    },
  },
};

/** What is under way when the store goes: an app at rest, one in its build, and those that stand behind their cut-over. */
const apps = ["rest", "builds", "cuts", "site"] as const;
type App = (typeof apps)[number];

describe("a store that is away for half a minute", { concurrency: true }, () => {
  for (const [name, { env, strike, isReadable = false }] of Object.entries(faults)) {
    test(`${name} stops no app, is said, and needs no help afterwards`, async (t) => {
      const on = await startPlatform({
        supervisor: join(import.meta.dirname, "faulty/supervisor.ts"),
        env: (await env?.()) ?? {},
      });
      t.after(() => on.stop());
      const make = (app: App, version: string) =>
        app === "site" ? staticApp(on.base, `${app}-${version}`) : gatedApp(on.base, `${app}-${version}`);
      for (const app of apps) await deployLive(on, make(app, "old"), app);
      const watches = new Map<App, Watching>(apps.map((app) => [app, watchEdge(on.edge(app))]));
      t.after(() => watches.forEach((watch) => watch.abandon()));
      const keptAlive = askKeptAlive(on, "rest");
      t.after(() => keptAlive.stop());
      const before = await hop3dOf(on);

      // One after the other past the same point: the second is there when its request to halt is taken.
      const deploys = new Map<string, number>();
      const begin = async (app: string, dir: string) =>
        void deploys.set(app, (await post(on, dir, app)) ?? assert.fail());
      const cuts = haltAt(on.base, "within:cut-over");
      await begin("cuts", make("cuts", "new"));
      await cuts.reached();
      await alsoAt(on, "within:cut-over", () => begin("site", make("site", "new")));
      await alsoAt(on, "within:cut-over", () => begin("first", workerApp(on.base)));
      const builds = haltAt(on.base, "app:build");
      await begin("builds", make("builds", "new"));
      await builds.reached();

      const comeBack = await strike(on);
      const went = performance.now();
      try {
        for (const halt of [cuts, builds] satisfies Halt[]) halt.release();
        while (performance.now() - went < away - answered) {
          await assertSaid(on, isReadable);
          await delay(500);
        }
        await delay(Math.max(0, away - (performance.now() - went)));
      } finally {
        await comeBack();
      }

      const serves = new Map<string, string>([["rest", "rest-old"]]);
      for (const [app, deploy] of deploys) {
        let end: Awaited<ReturnType<typeof shown>>;
        await eventually(
          `the deploy of ${app} has an end`,
          async () =>
            (end = await shown(on, app, deploy).catch(() => undefined))?.state !== "running" && end !== undefined,
          20_000,
        );
        // Before its cut-over it may end either way; behind it, it is the new one that serves.
        if (app !== "builds") assert.equal(end?.state, "succeeded", `${app}: ${JSON.stringify(end)}`);
        else if (end?.state === "failed") assert.equal(end.error?.code, "STORE_FAILED");
        serves.set(app, `${app}-${end?.state === "succeeded" ? "new" : "old"}`);
      }
      let wrong: string | undefined;
      await eventually("it is at rest", async () => (wrong = await unrest(on)) === undefined, 20_000).catch(() =>
        assert.fail(wrong),
      );
      for (const [app, version] of serves) {
        if (app !== "first") await assertAnswers(on.edge(app), { path: "/", status: 200, contains: version });
        await assertAgrees(on, app);
      }
      for (const app of apps) await watches.get(app)?.stop([`${app}-old`, `${app}-new`]);
      assert.deepEqual(await keptAlive.stop(), { statuses: [200], connections: 1 });

      const now = await hop3dOf(on);
      assert.equal(now.pid, before.pid, "hop3d has ended");
      assert.ok(now.open <= before.open + 12, `hop3d has ${now.open} files open, and had ${before.open}`);
      await deployLive(on, gatedApp(on.base, "cuts-later"), "cuts");
    });
  }
});

/** Resolves when another deploy has come to a point where hop3d stands already. */
async function alsoAt(on: RunningPlatform, point: string, begin: () => Promise<void>): Promise<void> {
  haltAt(on.base, point);
  await begin();
  await eventually(`another one is at ${point}`, () => !existsSync(join(faultsDirectory(on.base), point)));
}

/** An app that the edge has no route to: its first deploy has nobody to go back to, and changes nothing for the others. */
function workerApp(base: string): string {
  const dir = join(base, "apps", "worker");
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "Procfile"), "worker: exec sleep 1000\n");
  return dir;
}

/** One connection to the edge that is asked again and again. */
function askKeptAlive(on: RunningPlatform, app: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const { port, host } = on.edge(app);
  const statuses = new Set<number>();
  const connections = new Set<number | undefined>();
  let going = true;
  const asking = (async () => {
    while (going) {
      const asked = get({ agent, host: "127.0.0.1", port, headers: { host: `${host}:${port}` } });
      const status = await answerOf(asked).then(
        async (answer) => {
          connections.add(answer.socket.localPort);
          for await (const _ of answer);
          return answer.statusCode ?? 0;
        },
        () => 0,
      );
      statuses.add(status);
      await delay(20);
    }
    agent.destroy();
  })();
  return {
    async stop() {
      going = false;
      await asking;
      return { statuses: [...statuses], connections: connections.size };
    },
  };
}

/** Changes, and where nothing can be read every question, are refused in time with the code of it. */
async function assertSaid(on: RunningPlatform, isReadable: boolean): Promise<void> {
  const headers = { authorization: `Bearer ${on.token}`, "content-type": "application/json" };
  const ask = async (method: string, path: string, body?: object): Promise<void> => {
    const began = performance.now();
    const answer = await fetch(`${on.apiUrl}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const said = (await answer.json()) as { code?: string };
    const took = performance.now() - began;
    assert.ok(took < answered, `${method} ${path} was answered after ${Math.round(took)} ms`);
    if (method === "GET" && isReadable) assert.equal(answer.status, 200, JSON.stringify(said));
    else assert.deepEqual([answer.status, said.code], [503, "STORE_FAILED"], `${method} ${path}`);
  };
  await Promise.all([
    ask("GET", "/apps"),
    ask("GET", "/apps/rest/processes"),
    ask("POST", "/apps/rest/domains", { domain: "www.example.com" }),
    ask("PATCH", "/apps/rest/env", { set: { KEY: "value" } }),
  ]);
}

async function hop3dOf(on: RunningPlatform): Promise<{ pid: number; open: number }> {
  const { services } = await on.supervisor.call("status", {});
  const pid = services.find(({ name }) => name === "hop3d")?.pid ?? assert.fail("hop3d does not run");
  return { pid, open: readdirSync(`/proc/${pid}/fd`).length };
}

/** What the store calls live is what runs, and what the edge finds. */
async function assertAgrees(on: RunningPlatform, app: string): Promise<void> {
  const { release } = (await on.api("GET", `/apps/${app}`)) as { release: number };
  const { releases } = (await on.api("GET", `/apps/${app}/releases`)) as {
    releases: { release: number; build: number }[];
  };
  const build = releases.find((one) => one.release === release)?.build ?? assert.fail(`${app} has no release`);
  assert.equal(readlinkSync(staticLink(on.layout, app)), on.layout.buildTree(app, build));
  const status = (await on.supervisor.call("status", {})).apps.find((one) => one.app === app);
  if (app !== "site") assert.equal(status?.live, release);
}
