import assert from "node:assert/strict";
import { test } from "node:test";
import { createApp } from "#store/apps.ts";
import { listEvents } from "#store/events.ts";
import type { InstanceStatus } from "#supervisor/protocol.ts";
import { databases } from "../../test/databases.ts";
import type { Platform } from "./platform.ts";
import { appWatch } from "./watch-apps.ts";

const base: InstanceStatus = {
  id: "a",
  release: 1,
  type: "web",
  index: 1,
  state: "ready",
  proven: true,
  pid: 1,
  address: null,
  since: "2026-01-01T00:00:00.000Z",
  restarts: 0,
  restartsInARow: 0,
  outOfMemory: 0,
  lastExit: null,
  failure: null,
  retryAt: null,
};

for (const database of databases) {
  test(`crash loops are written down once each time they begin, are given up and are over, on ${database.name}`, async (t) => {
    const { store } = await database.open(t);
    await createApp(store, "blog");
    await createApp(store, "shop");
    let present: Partial<InstanceStatus> = {};
    const call = async () => ({
      services: [],
      apps: [{ app: "blog", live: 1, stopped: false, instances: [{ ...base, ...present }] }],
    });
    const platform = { store, stopping: new AbortController().signal, supervisor: { call } } as unknown as Platform;
    let look = appWatch(platform);
    const told = async () =>
      (await listEvents(store, { app: "blog" })).map(({ target, outcome, details }) => [target, outcome, details]);
    const see = async (next: Partial<InstanceStatus>) => {
      present = next;
      await look();
      await look();
    };
    await see({});
    await see({ state: "backoff", restartsInARow: 1, lastExit: "exit 1" });
    assert.deepEqual(await told(), [], "once is no loop");
    await see({ state: "backoff", restartsInARow: 2, lastExit: "exit 1" });
    await see({ state: "ready", restartsInARow: 2, lastExit: "exit 1" });
    const begun = ["web.1", "restarting", { restarts: 2, lastExit: "exit 1" }];
    assert.deepEqual(await told(), [begun]);
    look = appWatch(platform); // hop3d was started again
    await see({ state: "backoff", restartsInARow: 3, lastExit: "exit 1" });
    assert.deepEqual(await told(), [begun]);
    await see({ state: "exhausted", restartsInARow: 10, lastExit: "exit 2" });
    look = appWatch(platform);
    await see({ state: "ready", restartsInARow: 0 });
    assert.deepEqual(await told(), [
      begun,
      ["web.1", "given-up", { restarts: 10, lastExit: "exit 2" }],
      ["web.1", "over", {}],
    ]);
    assert.deepEqual(await listEvents(store, { app: "shop" }), []);
  });
}
