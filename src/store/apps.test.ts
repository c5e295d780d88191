import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nowhere, type Actor } from "#core/actor.ts";
import { databases } from "../../test/databases.ts";
import {
  createApp,
  deleteApp,
  getApp,
  listApps,
  markDestroyed,
  nextBuild,
  nextDeploy,
  nextRelease,
  setAppState,
} from "./apps.ts";
import { addDomain, listAllDomains } from "./domains.ts";
import { createBuild } from "./builds.ts";
import { appendDeployEvent } from "./deploy-events.ts";
import { beginStep } from "./deploy-steps.ts";
import { createDeploy, unfinishedDeploys } from "./deploys.ts";
import { setEnv } from "./env.ts";
import { createRelease, setLive } from "./releases.ts";
import { setScale } from "./scale.ts";

for (const database of databases) {
  describe(`apps on ${database.name}`, () => {
    test("a new app is found by its name and has nothing live", async (t) => {
      const { store } = await database.open(t);
      const created = await createApp(store, "blog");
      assert.deepEqual(created, {
        name: "blog",
        state: "new",
        message: null,
        liveRelease: null,
        destroyedBy: null,
        org: "default",
        createdAt: "2026-01-01T00:00:00.000Z",
        updatedAt: "2026-01-01T00:00:00.000Z",
      });
      assert.deepEqual(await getApp(store, "blog"), created);
      assert.equal(await getApp(store, "shop"), undefined);
    });

    test("that it is to be destroyed is written down once", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      const credential = { kind: "token", id: "0123456789abcdef", name: "laptop" } as const;
      const ada: Actor = { name: "ada", org: "default", credential, address: "192.0.2.7", requestId: "r1" };
      await markDestroyed(store, "blog", { ...ada, onEvent: () => undefined });
      await markDestroyed(store, "blog", { name: "vi", ...nowhere });
      assert.deepEqual((await getApp(store, "blog"))?.destroyedBy, ada);
      await assert.rejects(markDestroyed(store, "shop", ada), { code: "APP_NOT_FOUND" });
    });

    test("a name is taken once, and must be a name", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      await assert.rejects(createApp(store, "blog"), {
        code: "APP_EXISTS",
        message: 'There is already an app "blog".',
      });
      await assert.rejects(createApp(store, "Blog"), { code: "INVALID_APP_NAME" });
    });

    test("apps are listed by code unit order of their names", async (t) => {
      const { store } = await database.open(t);
      for (const name of ["b2", "a-z", "ab", "b10"]) await createApp(store, name);
      assert.deepEqual(
        (await listApps(store)).map((app) => app.name),
        ["a-z", "ab", "b10", "b2"],
      );
    });

    test("a change of state is dated, and a message goes when the next state has none", async (t) => {
      const { store, clock } = await database.open(t);
      await createApp(store, "blog");
      clock.advance(1000);
      await setAppState(store, "blog", "failed", "web.1 exited");
      const failed = await getApp(store, "blog");
      assert.equal(failed?.state, "failed");
      assert.equal(failed.message, "web.1 exited");
      assert.equal(failed.updatedAt, "2026-01-01T00:00:01.000Z");
      await setAppState(store, "blog", "running");
      assert.equal((await getApp(store, "blog"))?.message, null);
      await assert.rejects(setAppState(store, "shop", "running"), { code: "APP_NOT_FOUND" });
    });

    test("numbers are given once, also to many who ask at the same time", async (t) => {
      const { store, another } = await database.open(t);
      const second = await another();
      await createApp(store, "blog");
      const asked = Array.from({ length: 20 }, (_, index) => nextBuild(index % 2 === 0 ? store : second, "blog"));
      const numbers = (await Promise.all(asked)).toSorted((a, b) => a - b);
      assert.deepEqual(
        numbers,
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
      assert.equal(await nextRelease(store, "blog"), 1);
      assert.equal(await nextDeploy(store, "blog"), 1);
      await assert.rejects(nextBuild(store, "shop"), { code: "APP_NOT_FOUND" });
    });

    test("a deleted app takes all that belongs to it along", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      await setEnv(store, "blog", [{ name: "A", value: "1", source: "user" }], new Uint8Array(32));
      await addDomain(store, "blog", "blog.example.com");
      await setScale(store, "blog", { web: 2 });
      const build = await createBuild(store, "blog", {
        recordVersion: 1,
        builder: "python",
        summary: "",
        createdBy: "ada",
      });
      const release = await createRelease(store, "blog", {
        build: build.number,
        recordVersion: 1,
        reason: "deploy",
        summary: "",
        createdBy: "ada",
      });
      await setLive(store, "blog", release.number);
      const deploy = await createDeploy(store, "blog", { summary: "", createdBy: "ada" });
      await beginStep(store, "blog", deploy.number, "build");
      await appendDeployEvent(store, "blog", deploy.number, "step", {});
      assert.equal(await deleteApp(store, "blog"), true);
      assert.equal(await deleteApp(store, "blog"), false);
      assert.deepEqual(await listAllDomains(store), []);
      assert.deepEqual(await unfinishedDeploys(store), []);
      assert.equal((await createApp(store, "blog")).liveRelease, null);
    });
  });
}
