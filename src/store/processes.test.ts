/** Several processes on one SQLite file, and one that dies in the middle. */
import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { test } from "node:test";
import { systemClock } from "#sys/clock.ts";
import { exec } from "#sys/exec.ts";
import { databases } from "../../test/databases.ts";
import { createApp, listApps, nextBuild } from "./apps.ts";
import { verifyEvents } from "./events.ts";
import { openStore } from "./open.ts";

const [sqlite] = databases;
assert.ok(sqlite);

/** A program that has the store open and the aggregates at hand. */
function program(file: string, body: string): readonly string[] {
  const here = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const text = `
    const { openStore } = await import(${here("open.ts")});
    const { transaction } = await import(${here("db.ts")});
    const { createApp, nextBuild } = await import(${here("apps.ts")});
    const { appendEvent } = await import(${here("events.ts")});
    const { platformActor } = await import(${here("../core/actor.ts")});
    const clock = { now: () => Date.now() };
    const store = await openStore({ file: ${JSON.stringify(file)}, clock });
    ${body}`;
  return [process.execPath, "--input-type=module", "-e", text];
}

const cwd = join(import.meta.dirname, "../..");

/** What it says first. Fails when it ends without a word. */
async function firstLine(child: ChildProcessByStdio<null, Readable, null>): Promise<string> {
  const said = once(createInterface(child.stdout), "line") as Promise<[string]>;
  const ended = once(child, "close").then(() => assert.fail("it ended without a word"));
  const [line] = await Promise.race([said, ended]);
  return line;
}

test("two processes that write one file at the same time lose nothing and fork no chain", async (t) => {
  const { file } = await sqlite.empty();
  const writer = program(
    file,
    `for (let count = 0; count < 100; count += 1) {
      await transaction(store, async (tx) => {
        await appendEvent(tx, { actor: { ...platformActor, name: "p" + process.pid }, action: "tick", outcome: "ok" });
        await nextBuild(tx, "blog");
      });
    }
    await store.close();`,
  );
  const store = await openStore({ file, clock: systemClock });
  t.after(() => store.close());
  await createApp(store, "blog");
  const runs = await Promise.all([exec(writer, { cwd }), exec(writer, { cwd })]);
  for (const { exitCode, stderr } of runs) assert.equal(exitCode, 0, stderr);
  assert.equal(await nextBuild(store, "blog"), 201);
  assert.deepEqual(await verifyEvents(store), { ok: true, count: 200 });
});

test("a process killed in the middle of a transaction leaves nothing of it, and its lock is free", async (t) => {
  const { file } = await sqlite.empty();
  const store = await openStore({ file, clock: systemClock });
  t.after(() => store.close());
  const [command, ...args] = program(
    file,
    `await createApp(store, "kept");
    await transaction(store, async (tx) => {
      for (let count = 0; count < 500; count += 1) await createApp(tx, "half" + count);
      await appendEvent(tx, { actor: platformActor, action: "half", outcome: "ok" });
      console.log("in the middle");
      setInterval(() => undefined, 1000);
      await new Promise(() => undefined);
    });`,
  );
  assert.ok(command);
  const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const line = await firstLine(child);
  assert.equal(line, "in the middle");

  // A reader sees the state before; a writer waits, with this process free to do other things.
  assert.deepEqual(
    (await listApps(store)).map((app) => app.name),
    ["kept"],
  );
  const waiting = createApp(store, "after");
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
  await waiting;
  assert.deepEqual(
    (await listApps(store)).map((app) => app.name),
    ["after", "kept"],
  );
  assert.deepEqual(await verifyEvents(store), { ok: true, count: 0 });
});

test("a process that holds the lock for ever is said to the one who waits", { timeout: 60_000 }, async (t) => {
  const { file } = await sqlite.empty();
  const [command, ...args] = program(
    file,
    `await transaction(store, async (tx) => {
      console.log("locked");
      setInterval(() => undefined, 1000);
      await new Promise(() => undefined);
    });`,
  );
  assert.ok(command);
  const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  await firstLine(child);
  await assert.rejects(openStore({ file, clock: systemClock }), {
    code: "STORE_FAILED",
    message: "The database is locked by another process.",
  });
});
