import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { layoutOf, type Layout } from "#core/layout.ts";
import { createApp } from "#store/apps.ts";
import { createBuild } from "#store/builds.ts";
import { changeDeploy, createDeploy, endDeploy, startDeploy } from "#store/deploys.ts";
import type { Store } from "#store/db.ts";
import { openStore } from "#store/open.ts";
import { createRelease } from "#store/releases.ts";
import { systemClock } from "#sys/clock.ts";
import { exec } from "#sys/exec.ts";
import { readBuildLogs } from "../logs.ts";
import { retire } from "./retire.ts";
import { sealTree } from "./tree.ts";

describe("after a deploy", () => {
  let dir: string;
  let layout: Layout;
  let store: Store;
  let app = "";
  let apps = 0;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "hop3-retire-"));
    layout = layoutOf({ root: dir, run: dir });
    store = await openStore({ file: join(dir, "hop3.db"), clock: systemClock });
  });
  after(async () => {
    await store.close();
    await rm(dir, { recursive: true, force: true });
  });
  beforeEach(async () => {
    app = `blog${(apps += 1)}`;
    await createApp(store, app);
  });

  /** A deploy as it ends: with a build and a tree, and a release that served unless it failed. */
  async function deploy(outcome: "succeeded" | "failed in its start" | "failed in its build"): Promise<void> {
    const { number } = await createDeploy(store, app, { summary: "", createdBy: "ada" });
    await startDeploy(store, app, number);
    const facts = { recordVersion: 1, summary: "", createdBy: "ada" };
    const { number: build } = await createBuild(store, app, { ...facts, builder: "generic" });
    await changeDeploy(store, app, number, { build });
    const served = outcome === "succeeded";
    await mkdir(served ? layout.buildTree(app, build) : layout.build(app, build), { recursive: true });
    await writeFile(layout.buildLog(app, build), `2026-01-01T00:00:00.000Z out build ${build}\n`);
    if (served) await sealTree(layout.buildTree(app, build), exec);
    if (outcome !== "failed in its build") {
      const release = await createRelease(store, app, { ...facts, build, reason: "deploy" });
      if (served) {
        await mkdir(dirname(layout.releaseRecord(app, release.number)), { recursive: true });
        await writeFile(layout.releaseRecord(app, release.number), "{}");
      }
    }
    await endDeploy(store, app, number, served ? "succeeded" : "failed");
    if (served) await retire({ store, layout, exec }, app);
  }

  const having = (path: (build: number) => string, last: number) =>
    Array.from({ length: last }, (_, index) => index + 1).filter((build) => existsSync(path(build)));

  it("the trees of the last five releases that served are kept, whatever failed between them", async () => {
    for (let turn = 0; turn < 4; turn += 1) await deploy("succeeded");
    for (let turn = 0; turn < 60; turn += 1) await deploy("failed in its start");
    for (let turn = 0; turn < 3; turn += 1) await deploy("succeeded");
    assert.deepEqual(
      having((build) => layout.buildTree(app, build), 67),
      [3, 4, 65, 66, 67],
    );
    assert.equal(having((build) => layout.build(app, build), 67).length, 65, "builds 1 and 2 are gone, and no other");
  });

  it("what a failed build has said can be read until the builds around it are gone, and then that is said", async () => {
    await deploy("failed in its build");
    await deploy("succeeded");
    await deploy("failed in its build");
    await deploy("succeeded");
    const said = async (number: number) =>
      (await readBuildLogs({ store, layout }, app, 10, number)).map(({ text }) => text);
    assert.deepEqual(await said(3), ["build 3"]);
    await assert.rejects(said(1), { code: "NOT_FOUND", message: /deploy 1 of blog2 is not kept/ });
  });
});
