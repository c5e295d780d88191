import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { envValueMax } from "#core/limits.ts";
import { databases } from "../../test/databases.ts";
import { createApp } from "./apps.ts";
import { readEnv, replaceEnv, setEnv, unsetEnv } from "./env.ts";

const key = new Uint8Array(32).fill(7);

for (const database of databases) {
  describe(`env on ${database.name}`, () => {
    test("what was set is read back, by name, with who chose it and when", async (t) => {
      const { store, clock } = await database.open(t);
      await createApp(store, "blog");
      await setEnv(store, "blog", [{ name: "B", value: "zwei\nlines ü", source: "user" }], key);
      clock.advance(1000);
      await setEnv(
        store,
        "blog",
        [
          { name: "A", value: "", source: "file" },
          { name: "B", value: "new", source: "generated" },
        ],
        key,
      );
      assert.deepEqual(await readEnv(store, "blog", key), [
        { name: "A", value: "", source: "file", updatedAt: "2026-01-01T00:00:01.000Z" },
        { name: "B", value: "new", source: "generated", updatedAt: "2026-01-01T00:00:01.000Z" },
      ]);
    });

    test("all are replaced or none; what stays the same keeps its time", async (t) => {
      const { store, clock } = await database.open(t);
      await createApp(store, "blog");
      const entry = (name: string, value: string) => ({ name, value, source: "user" }) as const;
      await setEnv(store, "blog", [entry("A", "1"), entry("B", "1"), entry("C", "1")], key);
      clock.advance(1000);
      await replaceEnv(store, "blog", [entry("A", "1"), entry("B", "2"), entry("D", "1")], key);
      const after = (await readEnv(store, "blog", key)).map(({ name, value, updatedAt }) => [name, value, updatedAt]);
      const [was, is] = ["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:01.000Z"];
      assert.deepEqual(after, [
        ["A", "1", was],
        ["B", "2", is],
        ["D", "1", is],
      ]);
      await assert.rejects(replaceEnv(store, "blog", [entry("E", "a\0b")], key), { code: "INVALID_INPUT" });
      assert.deepEqual(
        (await readEnv(store, "blog", key)).map(({ name }) => name),
        ["A", "B", "D"],
      );
      await replaceEnv(store, "blog", [], key);
      assert.deepEqual(await readEnv(store, "blog", key), []);
    });

    test("one bad entry keeps all of them out", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      const good = { name: "GOOD", value: "1", source: "user" } as const;
      for (const bad of [
        { name: "not-a-name", value: "1", source: "user" },
        { name: "NUL", value: "a\0b", source: "user" },
        { name: "LONG", value: "x".repeat(envValueMax + 1), source: "user" },
      ] as const) {
        await assert.rejects(setEnv(store, "blog", [good, bad], key), { code: "INVALID_INPUT" });
      }
      assert.deepEqual(await readEnv(store, "blog", key), []);
    });

    test("a value longer than a page is kept whole", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      const value = "x".repeat(envValueMax);
      await setEnv(store, "blog", [{ name: "LONG", value, source: "user" }], key);
      assert.equal((await readEnv(store, "blog", key))[0]?.value, value);
    });

    test("unset names what was there", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      await setEnv(
        store,
        "blog",
        ["A", "B", "C"].map((name) => ({ name, value: "1", source: "user" as const })),
        key,
      );
      assert.deepEqual(await unsetEnv(store, "blog", ["C", "A", "NEVER"]), ["A", "C"]);
      assert.deepEqual(await unsetEnv(store, "blog", []), []);
      assert.deepEqual(
        (await readEnv(store, "blog", key)).map((variable) => variable.name),
        ["B"],
      );
    });

    test("an app that is not there has no environment to set", async (t) => {
      const { store } = await database.open(t);
      await assert.rejects(setEnv(store, "shop", [{ name: "A", value: "1", source: "user" }], key), {
        code: "APP_NOT_FOUND",
      });
    });

    test("another key does not open the values", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      await setEnv(store, "blog", [{ name: "A", value: "1", source: "user" }], key);
      await assert.rejects(readEnv(store, "blog", new Uint8Array(32)), { code: "INTERNAL" });
    });
  });
}

test("the SQLite files hold no value in the clear", async (t) => {
  const [sqlite] = databases;
  assert.ok(sqlite);
  const { store, options } = await sqlite.open(t);
  await createApp(store, "blog");
  await setEnv(store, "blog", [{ name: "FINDME", value: "canary-8461", source: "user" }], key);
  const bytes = (await readFile(options.file, "latin1")) + (await readFile(`${options.file}-wal`, "latin1"));
  assert.ok(bytes.includes("FINDME"));
  assert.ok(!bytes.includes("canary-8461"));
});
