import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { AppError } from "#core/errors.ts";
import { layoutOf, type Layout } from "#core/layout.ts";
import { createApp } from "#store/apps.ts";
import { createBuild, listBuilds } from "#store/builds.ts";
import { beginStep, listSteps } from "#store/deploy-steps.ts";
import { changeDeploy, createDeploy, endDeploy, listDeploys, startDeploy } from "#store/deploys.ts";
import type { Store } from "#store/db.ts";
import { openStore } from "#store/open.ts";
import { createRelease, listReleases, setLive } from "#store/releases.ts";
import { plainFiles } from "#supervisor/app-files.ts";
import { hostTool } from "#supervisor/host-tool.ts";
import type { AppStatus, Verbs } from "#supervisor/protocol.ts";
import { createAppQueue } from "../app-queue.ts";
import { readBuildLogs } from "../logs.ts";
import { createDeploysUnderWay } from "../deploy/under-way.ts";
import { staticLink } from "../static-link.ts";
import { collectDaily } from "./collect-daily.ts";
import { collect, type Collecting } from "./collect.ts";
import { keeping } from "./kept.ts";
import type { Platform } from "../platform.ts";

const day = 24 * 60 * 60 * 1000;

describe("what an app's past has left", () => {
  let dir: string;
  let layout: Layout;
  let store: Store;
  let platform: Collecting;
  let now = Date.parse("2026-01-01T00:00:00Z");
  let app = "";
  let apps = 0;
  /** What the supervisor says of the app; `undefined`: it does not answer. */
  let statuses: { live: number | null; instances: { release: number }[] }[] | undefined = [];
  const stopping = new AbortController();
  const clock = { now: () => now, elapsed: () => now, sleep: async () => undefined };

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "hop3-collect-"));
    layout = layoutOf({ root: dir, run: dir });
    store = await openStore({ file: join(dir, "hop3.db"), clock });
    const files = plainFiles(layout, hostTool);
    const call: Collecting["supervisor"]["call"] = async (verb, args) => {
      if (statuses === undefined) throw new AppError("UNAVAILABLE", "The supervisor does not answer.");
      if (verb === "build.remove") {
        const { build, keepOutput } = args as Verbs["build.remove"]["args"];
        await files.removeBuild(app, build, keepOutput);
        return {};
      }
      return { services: [], apps: statuses.map((status) => ({ app, ...status })) as unknown as AppStatus[] } as never;
    };
    platform = {
      layout,
      store,
      clock,
      queue: createAppQueue(),
      deploys: createDeploysUnderWay(stopping.signal),
      stopping: stopping.signal,
      supervisor: { call, close: () => undefined },
      log: { warn: () => undefined } as unknown as Platform["log"],
      fault: async () => undefined,
    };
  });
  after(async () => {
    await store.close();
    await rm(dir, { recursive: true, force: true });
  });
  beforeEach(async () => {
    app = `blog${(apps += 1)}`;
    statuses = [];
    await createApp(store, app);
  });

  /** A deploy as it ends: with a build and a tree, and a release that served unless it failed. */
  async function deploy(outcome: "succeeded" | "failed in its start" | "failed in its build"): Promise<number> {
    now += 1000;
    const { number } = await createDeploy(store, app, { summary: "", createdBy: "ada" });
    await startDeploy(store, app, number);
    const facts = { recordVersion: 1, summary: "", createdBy: "ada" };
    const { number: build } = await createBuild(store, app, { ...facts, builder: "generic" });
    await changeDeploy(store, app, number, { build });
    await beginStep(store, app, number, "detect");
    const served = outcome === "succeeded";
    await mkdir(served ? layout.buildTree(app, build) : layout.build(app, build), { recursive: true });
    await writeFile(layout.buildLog(app, build), `2026-01-01T00:00:00.000Z out build ${build}\n`);
    if (served) await writeFile(join(layout.buildTree(app, build), "file"), "");
    if (served) await plainFiles(layout, hostTool).seal(app, build);
    if (outcome !== "failed in its build") {
      const { number: release } = await createRelease(store, app, { ...facts, build, reason: "deploy" });
      if (served) {
        await mkdir(dirname(layout.releaseRecord(app, release)), { recursive: true });
        await writeFile(layout.releaseRecord(app, release), "{}");
        await setLive(store, app, release);
      }
    }
    await endDeploy(store, app, number, served ? "succeeded" : "failed");
    return number;
  }

  async function deploys(count: number, outcome: Parameters<typeof deploy>[0] = "succeeded"): Promise<void> {
    for (let turn = 0; turn < count; turn += 1) await deploy(outcome);
  }

  const numbersIn = (directory: string) =>
    (existsSync(directory) ? readdirSync(directory) : []).map(Number).toSorted((a, b) => a - b);
  const trees = () =>
    numbersIn(`${layout.app(app)}/builds`).filter((build) => existsSync(layout.buildTree(app, build)));
  const outputs = () => numbersIn(`${layout.app(app)}/builds`);
  const records = () => numbersIn(`${layout.app(app)}/releases`);

  it("the trees of the last five builds that served are kept, whatever failed between them", async () => {
    await deploys(4);
    await deploys(60, "failed in its start");
    await deploys(3);
    await collect(platform, app);
    assert.deepEqual(trees(), [3, 4, 65, 66, 67]);
    assert.equal(outputs().length, 67, "what they have said is small and stays");
  });

  it("trees that have not served for 30 days go, but for the live one and the one before", async () => {
    await deploys(4);
    now += 31 * day;
    await collect(platform, app);
    assert.deepEqual(trees(), [3, 4]);
  });

  it("what is live or runs, in the store or in the supervisor, what a deploy needs and what the edge serves is kept", async () => {
    await deploys(12);
    await setLive(store, app, 2);
    statuses = [{ live: 3, instances: [{ release: 4 }, { release: 12 }] }];
    const deploying = await createDeploy(store, app, { summary: "", createdBy: "ada" });
    await changeDeploy(store, app, deploying.number, { build: 5, release: 99 });
    const underWay = platform.deploys.add(app, 99, false);
    underWay.needsBuild = 6;
    await mkdir(dirname(staticLink(layout, app)), { recursive: true });
    await symlink(layout.buildTree(app, 1), staticLink(layout, app));
    await collect(platform, app);
    assert.deepEqual(trees(), [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12]);
    underWay.end();
    await endDeploy(store, app, deploying.number, "canceled");
    await collect(platform, app);
    assert.deepEqual(trees(), [1, 2, 3, 4, 8, 9, 10, 11, 12]);
  });

  it("nothing goes while the supervisor does not answer, or runs what the store does not know", async () => {
    await deploys(8);
    statuses = undefined;
    await assert.rejects(collect(platform, app), { code: "UNAVAILABLE" });
    statuses = [{ live: 8, instances: [{ release: 77 }] }];
    await collect(platform, app);
    assert.equal(trees().length, 8);
    statuses = [];
    await collect(platform, app);
    assert.equal(trees().length, 5);
  });

  it("records, outputs and rows are bounded by count", async () => {
    await deploys(9);
    const limits = { ...keeping, builds: 2, records: 4, deploys: 6 };
    await collect(platform, app, limits);
    assert.deepEqual(records(), [6, 7, 8, 9]);
    assert.deepEqual(outputs(), [6, 7, 8, 9]);
    const numbers = (rows: { number: number }[]) => rows.map(({ number }) => number);
    assert.deepEqual(numbers(await listReleases(store, app)), [9, 8, 7, 6]);
    assert.deepEqual(numbers(await listBuilds(store, app)), [9, 8, 7, 6]);
    assert.deepEqual(numbers(await listDeploys(store, app)), [9, 8, 7, 6, 5, 4]);
    assert.equal((await listSteps(store, app, 3)).length, 0, "its journal went with it");
    await assert.rejects(readBuildLogs({ store, layout }, app, 10, 5), { code: "NOT_FOUND", message: /not kept/ });
  });

  it("records and rows of deploys are bounded by age, the last deploy's and what is live stays", async () => {
    await deploys(3);
    now += 366 * day;
    await collect(platform, app);
    // Both builds that stay have their records.
    assert.deepEqual(records(), [2, 3]);
    assert.deepEqual(
      (await listDeploys(store, app)).map(({ number }) => number),
      [3],
    );
  });

  it("a clock that is moved by an hour, there and back between deploys, makes nothing go too early", async () => {
    const hour = day / 24;
    for (const moved of [hour, -hour, -hour, hour]) {
      await deploys(1);
      now += moved;
      await collect(platform, app);
    }
    assert.deepEqual(trees(), [1, 2, 3, 4]);
    assert.deepEqual(records(), [1, 2, 3, 4]);
    // Deploys are in order by number, so the live one is the last, whatever time it was made at.
    assert.deepEqual(
      (await listDeploys(store, app)).map(({ number }) => number),
      [4, 3, 2, 1],
    );
    // Thirty days are over an hour early or late, and no more: what serves and the one before it stay all the same.
    now += 30 * day - 2 * hour;
    await collect(platform, app);
    assert.deepEqual(trees(), [1, 2, 3, 4]);
    now += 4 * hour;
    await collect(platform, app);
    assert.deepEqual(trees(), [3, 4]);
  });

  for (const point of ["before:collect", "within:collect"]) {
    it(`who dies ${point} leaves the rest to the next one, which finds all of it`, async () => {
      await deploys(8);
      const dying = { ...platform, fault: async (at: string) => assert.notEqual(at, point) };
      await assert.rejects(collect(dying, app));
      for (const kept of [4, 5, 6, 7, 8]) assert.ok(trees().includes(kept));
      await collect(platform, app);
      assert.deepEqual(trees(), [4, 5, 6, 7, 8]);
    });
  }

  it("is looked at once after a start and then daily, in the line of each app, until the server stops", async () => {
    await deploys(7);
    const stop = new AbortController();
    const waits: number[] = [];
    const sleep = async (ms: number) => {
      waits.push(ms);
      if (waits.length === 2) assert.equal(trees().length, 5, "the first run was before the second wait");
      if (waits.length < 3) return;
      stop.abort();
      throw new AppError("CANCELED", "It stops.");
    };
    let release = () => undefined as void;
    const busy = new Promise<void>((resolve) => (release = resolve));
    const deploying = platform.queue.run(app, () => busy);
    const daily = collectDaily(
      { ...platform, clock: { ...clock, sleep }, stopping: stop.signal } as Platform,
      () => 0.5,
    );
    assert.equal(trees().length, 7, "a deploy is under way");
    release();
    await deploying;
    await daily;
    assert.deepEqual(waits, [30_000, day, day]);
  });
});
