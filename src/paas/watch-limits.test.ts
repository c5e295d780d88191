import assert from "node:assert/strict";
import { test } from "node:test";
import { createApp } from "#store/apps.ts";
import { listEvents } from "#store/events.ts";
import { databases } from "../../test/databases.ts";
import type { Platform } from "./platform.ts";
import { appWatch } from "./watch-apps.ts";

for (const database of databases) {
  test(`memory that is used up, and an app that is held for its files, are written down once each time, on ${database.name}`, async (t) => {
    const { store } = await database.open(t);
    await createApp(store, "blog");
    const present: { instances: object[]; held?: string } = { instances: [] };
    const call = async () => ({ services: [], apps: [{ app: "blog", live: 1, stopped: false, ...present }] });
    const platform = { store, stopping: new AbortController().signal, supervisor: { call } } as unknown as Platform;
    let look = appWatch(platform);
    const web = (outOfMemory: number) => ({ id: "a", type: "web", index: 1, outOfMemory, lastExit: "exit 137" });
    const see = async (instances: object[], held?: string) => {
      present.instances = instances;
      if (held === undefined) delete present.held;
      else present.held = held;
      await look();
      await look();
    };
    await see([web(2)]);
    assert.deepEqual(await listEvents(store), [], "what was before is not told again");
    await see([web(3)], "it has 30M on the disk, and may have 16M.");
    look = appWatch(platform); // hop3d was started again
    await see([web(3)], "it has 31M on the disk, and may have 16M.");
    await see([web(5), { ...web(1), id: "b", index: 2 }]);
    assert.deepEqual(
      (await listEvents(store)).map(({ action, target, outcome, details }) => [action, target, outcome, details]),
      [
        ["app.out-of-memory", "web.1", "ended", { processes: 1, lastExit: "exit 137" }],
        ["app.held", "disk", "held", { reason: "it has 30M on the disk, and may have 16M." }],
        ["app.out-of-memory", "web.1", "ended", { processes: 2, lastExit: "exit 137" }],
        ["app.out-of-memory", "web.2", "ended", { processes: 1, lastExit: "exit 137" }],
        ["app.held", "disk", "free", {}],
      ],
    );
  });
}
