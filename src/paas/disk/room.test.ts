import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { memoryFileSystem } from "./testing.ts";
import { requireRoom, roomNotes, roomOf } from "./room.ts";
import { watchRoom } from "./watch-room.ts";

const gib = 1024 ** 3;

describe("room on the disk", () => {
  it("is short below a twentieth of it, but for large disks below 1 GiB", () => {
    const state = (total: number, free: number) => roomOf(memoryFileSystem({ total, free })).state;
    assert.deepEqual(
      [state(10 * gib, gib + 4096), state(10 * gib, 0.6 * gib), state(10 * gib, 0.4 * gib)],
      ["ok", "low", "full"],
    );
    assert.deepEqual(
      [state(1000 * gib, 3 * gib), state(1000 * gib, 1.5 * gib), state(1000 * gib, 0.9 * gib)],
      ["ok", "low", "full"],
    );
  });

  it("is short of inodes too, where there are such", () => {
    const state = (files: number, ffree: number) =>
      roomOf({ ...memoryFileSystem({ total: 10 * gib, free: 9 * gib }), files, ffree }).state;
    assert.deepEqual(
      [state(1e6, 1e5), state(1e6, 39_000), state(1e6, 19_000), state(0, 0)],
      ["ok", "low", "full", "ok"],
    );
  });

  it("is told in words, with both numbers", () => {
    assert.deepEqual(roomNotes(roomOf(memoryFileSystem({ total: 10 * gib, free: 9 * gib }))), []);
    const [full] = roomNotes(roomOf(memoryFileSystem({ total: 1e10, free: 4e8 })));
    assert.equal(full, "The disk is full, no deploy is taken: 400 MB are free, and 500 MB are kept in reserve.");
    const inodes = { ...memoryFileSystem({ total: 10 * gib, free: 9 * gib }), files: 1000, ffree: 30 };
    assert.match(roomNotes(roomOf(inodes))[0] ?? "", /nearly full.*30 inodes are free, and 20/);
  });

  it("is required before anything large is written", async () => {
    const disk = (free: number) => ({ disk: { room: async () => roomOf(memoryFileSystem({ total: 1e10, free })) } });
    await requireRoom(disk(6e8));
    await assert.rejects(requireRoom(disk(4e8)), { code: "DISK_FULL", message: /400 MB are free/ });
  });

  it("is watched, and each change of it said once", async () => {
    const stop = new AbortController();
    const frees = [9e9, 8e8, 7e8, 4e8, 4e8, Number.NaN, 9e9];
    const said: string[] = [];
    const say = (level: string) => (message: string) => void said.push(`${level} ${message}`);
    await watchRoom({
      disk: {
        room: async () => {
          const free = frees.shift() ?? 0;
          if (Number.isNaN(free)) throw new Error("gone");
          return roomOf(memoryFileSystem({ total: 1e10, free }));
        },
      },
      clock: { sleep: async () => void (frees.length === 0 && stop.abort()) },
      log: { info: say("info"), warn: say("warn"), error: say("error") },
      stopping: stop.signal,
    } as unknown as Parameters<typeof watchRoom>[0]);
    assert.deepEqual(
      said.map((line) => line.slice(0, 28)),
      [
        "warn the disk is nearly full",
        "error the disk is full, no d",
        "warn what is free on the dis",
        "info the disk has room again",
      ],
    );
  });
});
