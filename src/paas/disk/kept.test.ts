import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { keeping, keptBuilds, keptOutputs } from "./kept.ts";

const day = 24 * 60 * 60 * 1000;
const now = Date.parse("2026-06-01T00:00:00Z");

/** Releases by their builds and ages in days, the newest first. */
const served = (...all: [build: number, age: number][]) =>
  all.map(([build, age]) => ({ build, createdAt: now - age * day }));

describe("of the releases that served", () => {
  it("the builds of the newest five are kept, each counted once", () => {
    const releases = served([9, 0], [9, 1], [8, 2], [7, 3], [8, 4], [6, 5], [5, 6], [4, 7]);
    assert.deepEqual([...keptBuilds(releases, now, keeping)], [9, 8, 7, 6, 5]);
  });

  it("one that last served 30 days ago goes, but for the one before the live one", () => {
    assert.deepEqual([...keptBuilds(served([3, 40], [2, 50], [1, 60]), now, keeping)], [3, 2]);
    // It served until yesterday, when its successor came, however old it is itself.
    assert.deepEqual([...keptBuilds(served([3, 0], [2, 1], [1, 400]), now, keeping)], [3, 2, 1]);
    assert.deepEqual([...keptBuilds(served([3, 31], [2, 31], [1, 400]), now, keeping)], [3, 2]);
  });

  it("an app that never served, or once, loses nothing", () => {
    assert.deepEqual([...keptBuilds([], now, keeping)], []);
    assert.deepEqual([...keptBuilds(served([1, 4000]), now, keeping)], [1]);
  });

  it("a clock that was set back drops nothing", () => {
    assert.equal(keptBuilds(served([3, -1], [2, -2], [1, -3]), now, keeping).size, 3);
  });
});

describe("of what builds have said", () => {
  const limits = { ...keeping, records: 3, buildLogBytes: 100 };
  const output = (build: number, bytes: number, age = 0) => ({ build, bytes, age });

  it("the newest stay, up to a count, an age and a size", () => {
    const some = [output(5, 10), output(4, 10), output(3, 10), output(2, 10)];
    assert.deepEqual([...keptOutputs(some, limits)], [5, 4, 3]);
    assert.deepEqual([...keptOutputs([output(5, 10), output(4, 10, limits.recordAge)], limits)], [5]);
    assert.deepEqual([...keptOutputs([output(5, 60), output(4, 60), output(3, 1)], limits)], [5]);
  });

  it("the last one's stays whatever its size", () => {
    assert.deepEqual([...keptOutputs([output(5, 1000, limits.recordAge)], limits)], [5]);
  });
});
