import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { databases } from "../../test/databases.ts";
import { beginAnswer, forgetAnswer, keepAnswer } from "./answers.ts";
import { query } from "./db.ts";

const masterKey = new Uint8Array(32).fill(7);
const at = { credential: "c1", key: "k1" };

for (const database of databases) {
  describe(`answers on ${database.name}`, () => {
    test("a key is taken once, and then says what was answered, to its credential alone", async (t) => {
      const { store } = await database.open(t);
      const begin = (credential = "c1") =>
        beginAnswer(store, { credential, key: "k1" }, { request: "r", process: "p" }, masterKey);
      assert.equal(await begin(), undefined);
      assert.deepEqual(await begin(), { request: "r", body: null, answer: null, process: "p" });
      await keepAnswer(store, at, { body: "b", answer: '{"secret":"canary"}' }, masterKey);
      assert.deepEqual(await begin(), { request: "r", body: "b", answer: '{"secret":"canary"}', process: "p" });
      assert.equal(await begin("c2"), undefined);
      const rows = await query(store).selectFrom("answers").selectAll().execute();
      assert.doesNotMatch(JSON.stringify(rows), /canary/);
      await forgetAnswer(store, at);
      assert.equal(await begin(), undefined);
    });

    test("of two at once one has it", async (t) => {
      const { store, another } = await database.open(t);
      const second = await another();
      const begun = await Promise.all(
        [store, second, store, second].map((db) => beginAnswer(db, at, { request: "r", process: "p" }, masterKey)),
      );
      assert.equal(begun.filter((one) => one === undefined).length, 1);
    });

    test("after a day it is forgotten, and of one credential the newest thousand are kept", async (t) => {
      const { store, clock } = await database.open(t);
      const begin = (key: string) =>
        beginAnswer(store, { credential: "c1", key }, { request: "r", process: "p" }, masterKey);
      await begin("old");
      clock.advance(23 * 3_600_000);
      assert.notEqual(await begin("old"), undefined);
      clock.advance(2 * 3_600_000);
      assert.equal(await begin("old"), undefined);
      for (let number = 0; number < 1005; number += 1) {
        clock.advance(1);
        await begin(`k${number}`);
      }
      const rows = await query(store).selectFrom("answers").select("key").execute();
      assert.equal(rows.length, 1000);
      assert.ok(rows.some(({ key }) => key === "k1004"));
    });
  });
}
