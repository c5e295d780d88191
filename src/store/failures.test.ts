import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { sql } from "kysely";
import { AppError } from "#core/errors.ts";
import { systemClock } from "#sys/clock.ts";
import { databases, postgresServer } from "../../test/databases.ts";
import { startPostgres } from "../../test/postgres/server.ts";
import { createApp, getApp, listApps } from "./apps.ts";
import { query, transaction, type Store } from "./db.ts";
import { BrokenRule, storeError } from "./failures.ts";
import { openStore } from "./open.ts";
import { getSetting, setSetting } from "./settings.ts";

for (const database of databases) {
  describe(`failures on ${database.name}`, () => {
    test("a transaction that fails leaves nothing, and the next one works", async (t) => {
      const { store } = await database.open(t);
      const failing = transaction(store, async (tx) => {
        await createApp(tx, "blog");
        await createApp(tx, "blog");
      });
      await assert.rejects(failing, { code: "APP_EXISTS" });
      assert.deepEqual(await listApps(store), []);
      await createApp(store, "blog");
    });

    test("a transaction within one is part of it", async (t) => {
      const { store } = await database.open(t);
      const failing = transaction(store, async (tx) => {
        await transaction(tx, (inner) => createApp(inner, "blog"));
        throw new RangeError("no");
      });
      await assert.rejects(failing, RangeError);
      assert.equal(await getApp(store, "blog"), undefined);
    });

    test("the store's own handle in a transaction is refused at once, where it would wait for ever", async (t) => {
      const { store } = await database.open(t);
      await assert.rejects(
        transaction(store, () => listApps(store)),
        { name: "TypeError", message: "inside a transaction use the handle that it gave you" },
      );
      assert.deepEqual(await listApps(store), []);
    });

    test("a transaction's handle is no use after its end", async (t) => {
      const { store } = await database.open(t);
      const kept = await transaction(store, async (tx) => tx);
      await assert.rejects(createApp(kept, "blog"));
      assert.deepEqual(await listApps(store), []);
    });

    test("a state that the schema does not know is a conflict, not a crash", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      const wrong = query(store)
        .updateTable("apps")
        .set({ state: "odd" as "new" })
        .execute();
      await assert.rejects(
        wrong,
        (error) => error instanceof BrokenRule && error.rule === "check" && error.code === "CONFLICT",
      );
    });

    test("a defect in a statement is a failed store without the statement in its message", async (t) => {
      const { store } = await database.open(t);
      const wrong = query(store)
        .selectFrom("apps")
        .selectAll()
        .where("nothing" as "name", "=", "x")
        .execute();
      await assert.rejects(wrong, { code: "STORE_FAILED", message: "The database did not answer as it should." });
    });

    test("every error that leaves the store is an AppError", async (t) => {
      const { store } = await database.open(t);
      await store.close();
      await assert.rejects(listApps(store));
      for (const thrown of [new Error("x"), "text", undefined, Object.assign(new Error("x"), { code: "57P01" })]) {
        assert.ok(storeError(thrown) instanceof AppError);
        assert.equal(storeError(thrown).code, "STORE_FAILED");
      }
      assert.equal(storeError(Object.assign(new Error("x"), { code: "53100" })).code, "DISK_FULL");
      assert.equal(storeError(Object.assign(new Error("x"), { code: "ENOSPC" })).code, "DISK_FULL");
    });
  });
}

test("a full disk is said, changes nothing, and is over when there is room again", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "hop3-full-"));
  const mounted = process.getuid?.() === 0 && tryMount(dir);
  const store = await openStore({ file: join(dir, "hop3.db"), clock: systemClock });
  t.after(async () => {
    await store.close();
    if (mounted) execFileSync("umount", [dir]);
    await rm(dir, { recursive: true });
  });
  // SQLite's own limit says the same as a full disk does (SQLITE_FULL), for those who may not mount one.
  if (!mounted) await limitPages(store, 80);
  await setSetting(store, "kept", "before");
  const fill = async () => {
    for (let index = 0; index < 1000; index += 1) {
      await transaction(store, async (tx) => {
        await setSetting(tx, `fill-${index}`, "x".repeat(20_000));
        await setSetting(tx, "count", String(index));
      });
    }
  };
  await assert.rejects(fill(), { code: "DISK_FULL" });
  const count = Number(await getSetting(store, "count"));
  assert.equal(await getSetting(store, `fill-${count + 1}`), undefined);
  assert.equal((await getSetting(store, `fill-${count}`))?.length, 20_000);
  assert.equal(await getSetting(store, "kept"), "before");
  if (mounted) execFileSync("mount", ["-o", "remount,size=32m", dir]);
  else await limitPages(store, 100_000);
  await setSetting(store, "kept", "after");
  assert.equal(await getSetting(store, "kept"), "after");
});

test("a SQLite that another process has locked is told in seconds, also to many who ask, and it works again", async (t) => {
  const sqlite = databases[0];
  assert.ok(sqlite);
  const { store, options } = await sqlite.open(t);
  await createApp(store, "blog");
  const other = new DatabaseSync(options.file);
  other.exec("begin exclusive");
  t.after(() => other.close());
  const began = performance.now();
  const writes = Array.from({ length: 10 }, (_, index) => createApp(store, `shop-${index}`));
  const reading = listApps(store);
  for (const { status, ...write } of await Promise.allSettled(writes)) {
    assert.equal(status, "rejected");
    const { reason } = write as PromiseRejectedResult;
    assert.equal((reason as AppError).code, "STORE_FAILED");
    assert.equal((reason as AppError).message, "The database is locked by another process.");
  }
  assert.equal((await reading).length, 1, "who only reads is answered");
  assert.ok(performance.now() - began < 9000, "they waited one after the other");
  other.exec("commit");
  await createApp(store, "shop");
});

test("a SQLite file that is moved away, or has another in its place, is a failed store until it is back", async (t) => {
  const sqlite = databases[0];
  assert.ok(sqlite);
  const { store, options } = await sqlite.open(t);
  await createApp(store, "blog");
  const gone = { code: "STORE_FAILED", message: /database file is gone/ };
  renameSync(options.file, `${options.file}.away`);
  await assert.rejects(createApp(store, "lost"), gone);
  await assert.rejects(listApps(store), gone);
  await assert.rejects(openStore({ ...options, mayCreate: false, clock: systemClock }), gone);
  writeFileSync(options.file, "");
  await assert.rejects(createApp(store, "lost"), gone);
  renameSync(`${options.file}.away`, options.file);
  await createApp(store, "shop");
  assert.deepEqual(
    (await listApps(store)).map(({ name }) => name),
    ["blog", "shop"],
  );
});

test("a PostgreSQL that cuts the connections is a failed store once, and works again", async (t) => {
  const postgres = databases[1];
  assert.ok(postgres);
  const { store, options } = await postgres.open(t);
  const { cutConnections } = await postgresServer();
  await createApp(store, "blog");
  const cut = transaction(store, async (tx) => {
    await createApp(tx, "shop");
    await cutConnections(options.url ?? "");
    await createApp(tx, "third");
  });
  await assert.rejects(cut, { code: "STORE_FAILED" });
  assert.deepEqual(
    (await listApps(store)).map((app) => app.name),
    ["blog"],
  );
});

test("a PostgreSQL that hangs is told in seconds, and nothing of what it was asked then gets in the way later", async (t) => {
  const server = await startPostgres();
  t.after(() => server.stop());
  const url = await server.createDatabase();
  const store = await openStore({ url, file: "", clock: systemClock });
  t.after(() => store.close());
  // As many connections as there may be: each is met by what follows.
  await Promise.all(Array.from({ length: 8 }, (_, index) => createApp(store, `blog-${index}`)));
  await server.hang();
  const began = performance.now();
  const asked = Array.from({ length: 8 }, (_, index) => transaction(store, (tx) => createApp(tx, `lost-${index}`)));
  for (const answer of await Promise.allSettled(asked)) {
    assert.equal(answer.status, "rejected");
    assert.equal((answer.reason as AppError).code, "STORE_FAILED");
  }
  assert.ok(performance.now() - began < 15_000, "it took too long");
  await server.wake();
  await Promise.all(Array.from({ length: 8 }, (_, index) => createApp(store, `shop-${index}`)));
  const other = await openStore({ url, file: "", clock: systemClock });
  t.after(() => other.close());
  const names = (await listApps(other)).map(({ name }) => name);
  assert.equal(names.filter((name) => name.startsWith("shop-")).length, 8, `others see ${names.join()}`);
});

test("a PostgreSQL that is not there is a failed store, and its password is in no message", async () => {
  const url = "postgres://hop3:canary-5512@127.0.0.1:1/hop3";
  await assert.rejects(openStore({ url, file: "", clock: systemClock }), (error) => {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, "STORE_FAILED");
    assert.ok(!`${error.message}${error.hint}${error.details.join()}`.includes("canary-5512"));
    return true;
  });
});

test("a server that hangs up while it is spoken to is a failed store", async (t) => {
  const server = createServer((socket) => {
    socket.on("data", () => socket.destroy()).on("error", () => undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const url = `postgres://hop3@127.0.0.1:${address.port}/hop3`;
  await assert.rejects(openStore({ url, file: "", clock: systemClock }), { code: "STORE_FAILED" });
});

function tryMount(dir: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", dir], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function limitPages(store: Store, pages: number): Promise<void> {
  await sql.raw(`pragma max_page_count = ${pages}`).execute(query(store));
}
