import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { databases } from "../../test/databases.ts";
import { createApp, getApp, nextBuild, nextRelease } from "./apps.ts";
import { createBuild, deleteBuild, endBuild, getBuild, listBuilds } from "./builds.ts";
import { createRelease, getRelease, listReleases, liveRelease, setLive } from "./releases.ts";

const build = { recordVersion: 1, builder: "python", summary: "Python 3.11", createdBy: "ada" } as const;
const release = { build: 1, recordVersion: 1, reason: "deploy", summary: "first", createdBy: "ada" } as const;

for (const database of databases) {
  describe(`builds and releases on ${database.name}`, () => {
    test("a build ends once", async (t) => {
      const { store, clock } = await database.open(t);
      await createApp(store, "blog");
      assert.equal((await createBuild(store, "blog", build)).state, "running");
      clock.advance(2000);
      await endBuild(store, "blog", 1, "succeeded");
      assert.deepEqual(await getBuild(store, "blog", 1), {
        app: "blog",
        number: 1,
        ...build,
        state: "succeeded",
        createdAt: "2026-01-01T00:00:00.000Z",
        endedAt: "2026-01-01T00:00:02.000Z",
      });
      await assert.rejects(endBuild(store, "blog", 1, "failed"), { code: "CONFLICT" });
      await assert.rejects(endBuild(store, "blog", 2, "failed"), { code: "CONFLICT" });
      await assert.rejects(createBuild(store, "shop", build), { code: "APP_NOT_FOUND" });
    });

    test("a number that was asked for before is used, once", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      const number = await nextBuild(store, "blog");
      assert.equal((await createBuild(store, "blog", build, number)).number, 1);
      await assert.rejects(createBuild(store, "blog", build, number), { code: "CONFLICT" });
      assert.equal((await createBuild(store, "blog", build)).number, 2);
      const releaseNumber = await nextRelease(store, "blog");
      assert.equal((await createRelease(store, "blog", release, releaseNumber)).number, 1);
    });

    test("lists begin with the newest and end at the limit", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      for (let count = 0; count < 3; count += 1) {
        await createBuild(store, "blog", build);
        await createRelease(store, "blog", release);
      }
      assert.deepEqual(
        (await listBuilds(store, "blog", 2)).map((each) => each.number),
        [3, 2],
      );
      assert.deepEqual(
        (await listReleases(store, "blog")).map((each) => each.number),
        [3, 2, 1],
      );
    });

    test("a release needs its build, and keeps it", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      await assert.rejects(createRelease(store, "blog", release), { code: "CONFLICT" });
      await createBuild(store, "blog", build);
      await createRelease(store, "blog", release);
      await assert.rejects(deleteBuild(store, "blog", 1), { code: "CONFLICT" });
      await createBuild(store, "blog", build);
      assert.equal(await deleteBuild(store, "blog", 2), true);
      assert.equal(await deleteBuild(store, "blog", 2), false);
    });

    test("a refused release uses up no number", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      await assert.rejects(createRelease(store, "blog", release), { code: "CONFLICT" });
      await createBuild(store, "blog", build);
      assert.equal((await createRelease(store, "blog", release)).number, 1);
    });

    test("one release is live, and only one that exists", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      await createBuild(store, "blog", build);
      await createRelease(store, "blog", release);
      await createRelease(store, "blog", { ...release, reason: "rollback" });
      assert.equal(await liveRelease(store, "blog"), undefined);
      await setLive(store, "blog", 2);
      assert.deepEqual(await liveRelease(store, "blog"), await getRelease(store, "blog", 2));
      assert.equal((await getApp(store, "blog"))?.liveRelease, 2);
      await assert.rejects(setLive(store, "blog", 3), { code: "NOT_FOUND" });
      assert.equal((await liveRelease(store, "blog"))?.number, 2);
    });
  });
}
