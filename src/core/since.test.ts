import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { agoMs, isSince, pointMs, sinceMs } from "./since.ts";

describe("since when", () => {
  it("is how long ago, in days, hours, minutes and seconds", () => {
    for (const [text, seconds] of [
      ["10m", 600],
      ["90s", 90],
      ["2h", 7200],
      ["1h30m", 5400],
      ["3d", 259_200],
      ["1d1h1m1s", 90_061],
      ["0s", 0],
    ] as const) {
      assert.equal(agoMs(text), seconds * 1000, text);
      assert.equal(sinceMs(text, 1e12), 1e12 - seconds * 1000);
    }
  });

  it("is a point in time, of one's own zone unless it names another", () => {
    assert.equal(pointMs("2026-01-02T03:04:05Z"), Date.UTC(2026, 0, 2, 3, 4, 5));
    assert.equal(pointMs("2026-01-02T03:04+02:00"), Date.UTC(2026, 0, 2, 1, 4));
    assert.equal(pointMs("2026-01-02"), new Date(2026, 0, 2).getTime());
    assert.equal(pointMs("2026-01-02T03:04"), new Date(2026, 0, 2, 3, 4).getTime());
  });

  it("is nothing else, and over the API never without a zone", () => {
    for (const text of [
      "",
      "10",
      "m",
      "1m1h",
      "-1m",
      "1.5h",
      "yesterday",
      "2026-13-01T00:00:00Z",
      "1700000000",
      "9999999d",
    ])
      assert.equal(isSince(text), false, text);
    assert.equal(isSince("2026-01-02T03:04"), false);
    assert.equal(isSince("2026-01-02"), false);
    assert.equal(isSince("2026-01-02T03:04Z"), true);
    assert.equal(isSince("10m"), true);
  });
});
