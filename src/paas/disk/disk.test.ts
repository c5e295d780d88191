import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { layoutOf, type Layout } from "#core/layout.ts";
import { createAppQueue } from "../app-queue.ts";
import { createDisk, type Disk } from "./disk.ts";
import { memoryFileSystem } from "./testing.ts";

describe("what takes the disk", () => {
  let layout: Layout;
  let disk: Disk;
  let now = 0;
  const blog = { name: "blog", createdAt: "2026-01-01T00:00:00.000Z" };
  const filesOf = async (fresh: boolean, app = blog) =>
    (await disk.app(app, fresh)).parts.find(({ name }) => name === "data")?.files;

  beforeEach(() => {
    const root = mkdtempSync(join(tmpdir(), "hop3-disk-"));
    layout = layoutOf({ root, run: root });
    mkdirSync(layout.appData("blog"), { recursive: true });
    mkdirSync(layout.buildTree("blog", 1), { recursive: true });
    writeFileSync(join(layout.buildTree("blog", 1), "file"), "x".repeat(100_000));
    disk = createDisk({
      layout,
      clock: { now: () => 0, elapsed: () => now, sleep: async () => undefined },
      queue: createAppQueue(),
      stopping: new AbortController().signal,
      statfs: async () => memoryFileSystem({ total: 1e10, free: 5e9 }),
    });
  });
  afterEach(() => rmSync(layout.root, { recursive: true }));

  it("is told by part, with the time at which it was measured", async () => {
    const { parts, measuredAt, unreadable } = await disk.app(blog, false);
    assert.deepEqual(
      parts.map(({ name, files }) => [name, files]),
      [
        ["builds", 4],
        ["releases", 0],
        ["cache", 0],
        ["data", 1],
        ["volumes", 0],
        ["home", 0],
        ["logs", 0],
      ],
    );
    assert.ok((parts[0]?.bytes ?? 0) >= 100_000);
    assert.deepEqual([measuredAt, unreadable], ["1970-01-01T00:00:00.000Z", 0]);
    assert.equal((await disk.room()).state, "ok");
  });

  it("is counted by the supervisor where the files are not ours, and what it could not count is told", async () => {
    const parts = { builds: { bytes: 5, files: 2 }, releases: null, cache: null };
    const rest = { data: { bytes: 7, files: 1 }, volumes: { bytes: 9, files: 3 }, home: null, logs: null };
    const asked: string[] = [];
    disk = createDisk({
      layout,
      clock: { now: () => 0, elapsed: () => now, sleep: async () => undefined },
      queue: createAppQueue(),
      stopping: new AbortController().signal,
      statfs: async () => memoryFileSystem({ total: 1e10, free: 5e9 }),
      usage: async (app) => {
        asked.push(app);
        return { parts: { ...parts, ...rest } };
      },
    });
    const told = await disk.app(blog, false);
    assert.deepEqual(
      told.parts.flatMap(({ name, bytes, files }) => (bytes === 0 ? [] : [[name, bytes, files]])),
      [
        ["builds", 5, 2],
        ["data", 7, 1],
        ["volumes", 9, 3],
      ],
    );
    assert.equal(told.unreadable, 4);
    assert.deepEqual([await disk.app(blog, false), asked], [told, ["blog"]]);
  });

  it("is measured anew after an hour, or when asked to, but not for each of many who ask", async () => {
    assert.equal(await filesOf(false), 1);
    writeFileSync(join(layout.appData("blog"), "file"), "");
    now += 9000;
    assert.deepEqual([await filesOf(false), await filesOf(true)], [1, 1]);
    now += 1001;
    assert.deepEqual([await filesOf(false), await filesOf(true), await filesOf(false)], [1, 2, 2]);
    writeFileSync(join(layout.appData("blog"), "another"), "");
    now += 60 * 60 * 1000;
    assert.equal(await filesOf(false), 3);
  });

  it("of an app that was made anew is not what its predecessor took", async () => {
    assert.equal(await filesOf(false), 1);
    writeFileSync(join(layout.appData("blog"), "file"), "");
    assert.equal(await filesOf(false, { ...blog, createdAt: "2026-02-01T00:00:00.000Z" }), 2);
  });

  it("by the server itself is its parts, the database with its journal", async () => {
    writeFileSync(layout.database, "x".repeat(10_000));
    writeFileSync(`${layout.database}-wal`, "x".repeat(10_000));
    const { own } = await disk.own();
    assert.equal(own.find(({ name }) => name === "database")?.files, 2);
    assert.equal(own.find(({ name }) => name === "runtimes")?.files, 0);
  });
});
