import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { instancesMax } from "#core/limits.ts";
import { databases } from "../../test/databases.ts";
import { createApp } from "./apps.ts";
import { checkMasterKey } from "./key-check.ts";
import { getScale, setScale } from "./scale.ts";
import { getSetting, setSetting, unsetSetting } from "./settings.ts";

for (const database of databases) {
  describe(`settings and scale on ${database.name}`, () => {
    test("a setting is what it was last set to, until it is unset", async (t) => {
      const { store } = await database.open(t);
      assert.equal(await getSetting(store, "port"), undefined);
      await setSetting(store, "port", "1");
      await setSetting(store, "port", "2");
      assert.equal(await getSetting(store, "port"), "2");
      assert.equal(await unsetSetting(store, "port"), true);
      assert.equal(await unsetSetting(store, "port"), false);
      assert.equal(await getSetting(store, "port"), undefined);
    });

    test("another master key than the first is refused before it seals anything", async (t) => {
      const { store } = await database.open(t);
      await checkMasterKey(store, new Uint8Array(32).fill(1));
      await checkMasterKey(store, new Uint8Array(32).fill(1));
      await assert.rejects(checkMasterKey(store, new Uint8Array(32).fill(2)), { code: "MASTER_KEY_REFUSED" });
    });

    test("counts are set for the types that are named, all or none", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      await setScale(store, "blog", { web: 2, worker: 1 });
      await setScale(store, "blog", { worker: 0 });
      assert.deepEqual(await getScale(store, "blog"), { web: 2, worker: 0 });
      for (const bad of [
        { "no type": 1 },
        { mail: -1 },
        { mail: 1.5 },
        { mail: instancesMax + 1 },
        { mail: Number.NaN },
      ]) {
        await assert.rejects(setScale(store, "blog", { web: 9, ...bad }), { code: "INVALID_INPUT" });
      }
      await assert.rejects(setScale(store, "shop", { web: 1 }), { code: "APP_NOT_FOUND" });
      assert.deepEqual(await getScale(store, "blog"), { web: 2, worker: 0 });
      assert.deepEqual(await getScale(store, "shop"), {});
    });
  });
}
