import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { databases } from "../../test/databases.ts";
import { createApp } from "./apps.ts";
import { addDomain, listAllDomains, listDomains, removeDomain } from "./domains.ts";

for (const database of databases) {
  describe(`domains on ${database.name}`, () => {
    test("a domain belongs to one app", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      await createApp(store, "shop");
      assert.equal(await addDomain(store, "blog", "WWW.example.com"), true);
      assert.equal(await addDomain(store, "blog", "www.example.com"), false);
      await assert.rejects(addDomain(store, "shop", "www.example.COM"), { code: "DOMAIN_TAKEN" });
      await assert.rejects(addDomain(store, "blog", "http://x"), { code: "INVALID_DOMAIN" });
      await assert.rejects(addDomain(store, "none", "other.example.com"), { code: "APP_NOT_FOUND" });
    });

    test("of two apps that ask at once one gets it", async (t) => {
      const { store, another } = await database.open(t);
      const second = await another();
      await createApp(store, "blog");
      await createApp(store, "shop");
      const asked = await Promise.allSettled([addDomain(store, "blog", "a.test"), addDomain(second, "shop", "a.test")]);
      assert.deepEqual(asked.map((outcome) => outcome.status).toSorted(), ["fulfilled", "rejected"]);
      assert.equal((await listAllDomains(store)).length, 1);
    });

    test("domains are listed by name, of one app or of all", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      await createApp(store, "shop");
      await addDomain(store, "shop", "b.test");
      await addDomain(store, "blog", "c.test");
      await addDomain(store, "blog", "a.test");
      assert.deepEqual(await listDomains(store, "blog"), [
        { name: "a.test", app: "blog", createdAt: "2026-01-01T00:00:00.000Z" },
        { name: "c.test", app: "blog", createdAt: "2026-01-01T00:00:00.000Z" },
      ]);
      assert.deepEqual(
        (await listAllDomains(store)).map(({ name, app }) => `${name} ${app}`),
        ["a.test blog", "b.test shop", "c.test blog"],
      );
    });

    test("only its own app can give a domain up", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      await createApp(store, "shop");
      await addDomain(store, "blog", "a.test");
      assert.equal(await removeDomain(store, "shop", "a.test"), false);
      assert.equal(await removeDomain(store, "blog", "A.test"), true);
      assert.equal(await addDomain(store, "shop", "a.test"), true);
    });
  });
}
