import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lastByTime } from "./last-by-time.ts";
import { parseLogLine } from "./log-line.ts";

/** `10:59:00 text`, or a line that has no time. */
const stream = (source: string, ...lines: string[]) =>
  lines.map((line) => {
    const [time = "", text = ""] = line.split(" ");
    return parseLogLine(text === "" ? line : `2026-01-01T${time}.000Z out ${text}`, source);
  });
const texts = (streams: ReturnType<typeof stream>[], count = 100) => lastByTime(streams, count).map(({ text }) => text);

describe("the lines of several processes", () => {
  it("are put together by time, and the last ones told", () => {
    const a = stream("a", "10:00:00 a1", "10:00:02 a2", "10:00:04 a3");
    const b = stream("b", "10:00:01 b1", "10:00:03 b2");
    assert.deepEqual(texts([a, b]), ["a1", "b1", "a2", "b2", "a3"]);
    assert.deepEqual(texts([a, b], 2), ["b2", "a3"]);
    assert.deepEqual(texts([a, b], 0), []);
    assert.deepEqual(texts([[], b]), ["b1", "b2"]);
  });

  it("stay in their order where the clock was set back, and the newest are the last", () => {
    const a = stream("a", "10:58:00 a1", "10:59:00 a2", "10:00:00 a3", "10:00:02 a4");
    const b = stream("b", "10:58:30 b1", "10:00:01 b2");
    // What was between b1 and the jump cannot be known; what came last can.
    assert.deepEqual(texts([a, b]), ["a1", "a2", "a3", "b1", "b2", "a4"]);
    assert.deepEqual(texts([a, b], 2), ["b2", "a4"]);
    assert.deepEqual(texts([a], 2), ["a3", "a4"]);
  });

  it("stay beside what came after them where they have no time", () => {
    const a = stream("a", "10:00:00 a1", "torn", "10:00:04 a2");
    const b = stream("b", "10:00:01 b1", "10:00:05 b2");
    assert.deepEqual(texts([a, b]), ["a1", "b1", "torn", "a2", "b2"]);
  });
});
