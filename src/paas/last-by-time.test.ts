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
/** In batches of two, the last ones first. */
async function* back(lines: ReturnType<typeof stream>) {
  for (let end = lines.length; end > 0; end -= 2) yield lines.slice(Math.max(0, end - 2), end);
}
const texts = async (streams: ReturnType<typeof stream>[], count = 100) =>
  (await lastByTime(streams.map(back), count)).map(({ text }) => text);

describe("the lines of several processes", () => {
  it("are put together by time, and the last ones told", async () => {
    const a = stream("a", "10:00:00 a1", "10:00:02 a2", "10:00:04 a3");
    const b = stream("b", "10:00:01 b1", "10:00:03 b2");
    assert.deepEqual(await texts([a, b]), ["a1", "b1", "a2", "b2", "a3"]);
    assert.deepEqual(await texts([a, b], 2), ["b2", "a3"]);
    assert.deepEqual(await texts([a, b], 0), []);
    assert.deepEqual(await texts([[], b]), ["b1", "b2"]);
  });

  it("stay in their order where the clock was set back, and the newest are the last", async () => {
    const a = stream("a", "10:58:00 a1", "10:59:00 a2", "10:00:00 a3", "10:00:02 a4");
    const b = stream("b", "10:58:30 b1", "10:00:01 b2");
    // What was between b1 and the jump cannot be known; what came last can.
    assert.deepEqual(await texts([a, b]), ["a1", "a2", "a3", "b1", "b2", "a4"]);
    assert.deepEqual(await texts([a, b], 2), ["b2", "a4"]);
    assert.deepEqual(await texts([a], 2), ["a3", "a4"]);
  });

  it("stay beside what came after them where they have no time", async () => {
    const a = stream("a", "10:00:00 a1", "torn", "10:00:04 a2");
    const b = stream("b", "10:00:01 b1", "10:00:05 b2");
    assert.deepEqual(await texts([a, b]), ["a1", "b1", "torn", "a2", "b2"]);
  });

  it("are no more than an answer holds, which is then said", async () => {
    const long = stream(
      "a",
      ...Array.from({ length: 12 }, (_, n) => `10:00:${n + 10} ${String(n).repeat(1024 * 1024)}`),
    );
    const found = await texts([long]);
    assert.ok(found.length > 4 && found.length < 12, String(found.length));
    assert.match(found[0] ?? "", /left out/);
    assert.match(found.at(-1) ?? "", /^11/);
  });

  it("are read no further back than is asked for, and what was opened is left", async () => {
    let read = 0;
    let left = false;
    async function* endless() {
      try {
        for (;;) {
          read += 1;
          yield stream("a", "10:00:00 a");
        }
      } finally {
        left = true;
      }
    }
    assert.equal((await lastByTime([endless()], 3)).length, 3);
    assert.ok(read <= 4 && left);
  });
});
