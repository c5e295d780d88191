import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { databases } from "../../test/databases.ts";
import { createApp, deleteApp } from "./apps.ts";
import {
  createWebhook,
  findWebhook,
  forgetDelivery,
  listWebhooks,
  noteDelivery,
  removeWebhook,
  rotateWebhook,
  takeDelivery,
} from "./webhooks.ts";

const key = Buffer.alloc(32, 7);

for (const database of databases) {
  describe(`webhooks on ${database.name}`, () => {
    const input = { app: "blog", name: "main", branch: "main", createdBy: "ada" };

    test("one is found by its id with the secret that was shown, until it is rotated, removed or its app goes", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      const { webhook, secret } = await createWebhook(store, input, key);
      assert.match(secret, /^hop3w_[\w-]{43}$/);
      assert.match(webhook.id, /^[A-Za-z0-9]{22}$/);
      assert.equal((await findWebhook(store, webhook.id, key))?.secret, secret);
      const rotated = await rotateWebhook(store, "blog", "main", key);
      assert.notEqual(rotated, secret);
      assert.equal((await findWebhook(store, webhook.id, key))?.secret, rotated);
      await noteDelivery(store, webhook.id, "deploy 3");
      const [listed] = await listWebhooks(store, "blog");
      assert.deepEqual([listed?.name, listed?.branch, listed?.lastOutcome], ["main", "main", "deploy 3"]);
      assert.ok(listed?.rotatedAt !== null && !JSON.stringify(listed).includes(rotated));
      await removeWebhook(store, "blog", "main");
      assert.equal(await findWebhook(store, webhook.id, key), undefined);
      const again = await createWebhook(store, input, key);
      await takeDelivery(store, again.webhook.id, ["a"]);
      await deleteApp(store, "blog");
      assert.equal(await findWebhook(store, again.webhook.id, key), undefined);
    });

    test("a name is one app's once; what is not there is said", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      await createWebhook(store, input, key);
      await assert.rejects(createWebhook(store, input, key), { code: "CONFLICT" });
      await assert.rejects(createWebhook(store, { ...input, app: "none" }, key), { code: "APP_NOT_FOUND" });
      await assert.rejects(rotateWebhook(store, "blog", "none", key), { code: "NOT_FOUND" });
      await assert.rejects(removeWebhook(store, "blog", "none"), { code: "NOT_FOUND" });
    });

    test("a delivery is taken once, also of many that come at once, and again when it is forgotten", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      const { id } = (await createWebhook(store, input, key)).webhook;
      const all = await Promise.all(Array.from({ length: 8 }, () => takeDelivery(store, id, ["id 1", "body 1"])));
      assert.equal(all.filter(Boolean).length, 1);
      assert.equal(await takeDelivery(store, id, ["id 2", "body 1"]), false);
      assert.equal(await takeDelivery(store, id, ["id 1", "body 2"]), false);
      assert.equal(await takeDelivery(store, id, ["id 3", "body 3"]), true);
      await forgetDelivery(store, id, ["id 1", "body 1"]);
      assert.equal(await takeDelivery(store, id, ["id 1", "body 1"]), true);
    });
  });
}
