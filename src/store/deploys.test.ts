import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nowhere } from "#core/actor.ts";
import { databases } from "../../test/databases.ts";
import { createApp } from "./apps.ts";
import { appendDeployEvent, listDeployEvents } from "./deploy-events.ts";
import { beginStep, endStep, listSteps } from "./deploy-steps.ts";
import {
  changeDeploy,
  createDeploy,
  endDeploy,
  getDeploy,
  listDeploys,
  markCanceled,
  startDeploy,
  unfinishedDeploys,
} from "./deploys.ts";

const input = { summary: "from a laptop", createdBy: "ada" };

for (const database of databases) {
  describe(`deploys on ${database.name}`, () => {
    test("a deploy is queued, runs, learns its build and release, and fails with what the user was told", async (t) => {
      const { store, clock } = await database.open(t);
      await createApp(store, "blog");
      assert.equal((await createDeploy(store, "blog", input)).state, "queued");
      clock.advance(1000);
      await startDeploy(store, "blog", 1);
      await changeDeploy(store, "blog", 1, { build: 4, release: 7 });
      await changeDeploy(store, "blog", 1, { summary: "Flask" });
      const error = { code: "BUILD_FAILED", message: "uv failed", hint: "look", details: ["a", "b"] } as const;
      clock.advance(1000);
      await endDeploy(store, "blog", 1, "failed", error);
      assert.deepEqual(await getDeploy(store, "blog", 1), {
        app: "blog",
        number: 1,
        state: "failed",
        step: null,
        summary: "Flask",
        build: 4,
        release: 7,
        error,
        canceled: null,
        source: null,
        createdAt: "2026-01-01T00:00:00.000Z",
        createdBy: "ada",
        origin: nowhere,
        startedAt: "2026-01-01T00:00:01.000Z",
        endedAt: "2026-01-01T00:00:02.000Z",
      });
      await assert.rejects(endDeploy(store, "blog", 1, "succeeded"), { code: "CONFLICT" });
      await assert.rejects(startDeploy(store, "blog", 1), { code: "CONFLICT" });
      await assert.rejects(changeDeploy(store, "blog", 9, { build: 1 }), { code: "NOT_FOUND" });
    });

    test("that one is canceled is written down before it ends; the first time counts, and never of one that has ended", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      await createDeploy(store, "blog", input);
      await markCanceled(store, "blog", 1, "by ada");
      await markCanceled(store, "blog", 1, "by vi");
      const [found] = await unfinishedDeploys(store);
      assert.deepEqual([found?.state, found?.canceled], ["queued", "by ada"]);
      await createDeploy(store, "blog", input);
      await endDeploy(store, "blog", 2, "failed");
      await markCanceled(store, "blog", 2, "late");
      assert.equal((await getDeploy(store, "blog", 2))?.canceled, null);
    });

    test("of an app one deploy runs at a time, of two apps two may", async (t) => {
      const { store, another } = await database.open(t);
      const second = await another();
      await createApp(store, "blog");
      await createApp(store, "shop");
      for (const app of ["blog", "blog", "shop"]) await createDeploy(store, app, input);
      const started = await Promise.allSettled([startDeploy(store, "blog", 1), startDeploy(second, "blog", 2)]);
      assert.deepEqual(started.map((outcome) => outcome.status).toSorted(), ["fulfilled", "rejected"]);
      const refused = started.find((outcome) => outcome.status === "rejected");
      assert.equal((refused?.reason as { code?: string } | undefined)?.code, "DEPLOY_RUNNING");
      await startDeploy(store, "shop", 1);
      const running = started[0]?.status === "fulfilled" ? 1 : 2;
      await endDeploy(store, "blog", running, "canceled");
      await startDeploy(store, "blog", 3 - running);
    });

    test("what was left half done is found, with the steps and facts of its journal", async (t) => {
      const { store, clock } = await database.open(t);
      await createApp(store, "blog");
      for (let count = 0; count < 3; count += 1) await createDeploy(store, "blog", input);
      await endDeploy(store, "blog", 1, "canceled");
      await startDeploy(store, "blog", 2);
      const first = await beginStep(store, "blog", 2, "receive", { bytes: 10 });
      clock.advance(500);
      await endStep(store, first, "done", { tree: "here" });
      await beginStep(store, "blog", 2, "build", { build: 3 });
      assert.deepEqual(
        (await unfinishedDeploys(store)).map(({ number, state, step }) => ({ number, state, step })),
        [
          { number: 2, state: "running", step: "build" },
          { number: 3, state: "queued", step: null },
        ],
      );
      assert.deepEqual(await listSteps(store, "blog", 2), [
        {
          app: "blog",
          deploy: 2,
          seq: 1,
          step: "receive",
          startedAt: "2026-01-01T00:00:00.000Z",
          endedAt: "2026-01-01T00:00:00.500Z",
          outcome: "done",
          facts: { bytes: 10, tree: "here" },
        },
        {
          app: "blog",
          deploy: 2,
          seq: 2,
          step: "build",
          startedAt: "2026-01-01T00:00:00.500Z",
          endedAt: null,
          outcome: null,
          facts: { build: 3 },
        },
      ]);
      assert.deepEqual(
        (await listDeploys(store, "blog", 2)).map(({ number }) => number),
        [3, 2],
      );
    });

    test("a step ends once, but may still be undone", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      await createDeploy(store, "blog", input);
      const step = await beginStep(store, "blog", 1, "start");
      await endStep(store, step, "failed");
      await assert.rejects(endStep(store, step, "done"), { code: "CONFLICT" });
      await endStep(store, step, "undone", { stopped: 1 });
      assert.equal((await listSteps(store, "blog", 1))[0]?.outcome, "undone");
      await assert.rejects(beginStep(store, "blog", 2, "start"), { code: "NOT_FOUND" });
      await assert.rejects(endStep(store, { ...step, seq: 9 }, "done"), { code: "NOT_FOUND" });
    });

    test("events are numbered without gaps, also from two writers, and are read from where one left off", async (t) => {
      const { store, another } = await database.open(t);
      const second = await another();
      await createApp(store, "blog");
      await createDeploy(store, "blog", input);
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          appendDeployEvent(index % 2 === 0 ? store : second, "blog", 1, "line", { index }),
        ),
      );
      const all = await listDeployEvents(store, "blog", 1);
      assert.deepEqual(
        all.map((event) => event.seq),
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
      assert.deepEqual(await listDeployEvents(store, "blog", 1, 18), all.slice(18));
      assert.deepEqual(await listDeployEvents(store, "blog", 1, 5, 2), all.slice(5, 7));
      await assert.rejects(appendDeployEvent(store, "blog", 2, "line", {}), { code: "NOT_FOUND" });
    });

    test("an event's data comes back as it was", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      await createDeploy(store, "blog", input);
      const data = { text: "a\u0000b\u001b[31m ü \ud83d\ude00", list: [1, null, { deep: true }] };
      const appended = await appendDeployEvent(store, "blog", 1, "line", data);
      assert.deepEqual(await listDeployEvents(store, "blog", 1), [appended]);
      assert.deepEqual(appended.data, data);
      assert.deepEqual((await appendDeployEvent(store, "blog", 1, "nothing", undefined)).data, undefined);
    });
  });
}
