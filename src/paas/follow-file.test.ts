import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { offsetOfLastLines, readLines } from "./follow-file.ts";

describe("following a log file", () => {
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), "hop3-follow-"));
  });
  after(() => rmSync(dir, { recursive: true }));

  it("gives whole lines only, and the rest when it is complete", async () => {
    const path = join(dir, "a.log");
    writeFileSync(path, "one\ntwo\nthr");
    assert.deepEqual(await readLines(path, 0), [
      { text: "one", end: 4 },
      { text: "two", end: 8 },
    ]);
    assert.deepEqual(await readLines(path, 8), []);
    appendFileSync(path, "ee\n");
    assert.deepEqual(await readLines(path, 8), [{ text: "three", end: 14 }]);
  });

  it("has no lines where there is no file", async () => {
    assert.deepEqual(await readLines(join(dir, "none"), 0), []);
    assert.equal(await offsetOfLastLines(join(dir, "none"), 5), 0);
  });

  it("gives a line longer than what is read at once in pieces", async () => {
    const path = join(dir, "long.log");
    writeFileSync(path, `${"x".repeat(100_000)}\nend\n`);
    const seen: string[] = [];
    let at = 0;
    for (let lines = await readLines(path, at); lines.length > 0; lines = await readLines(path, at)) {
      seen.push(...lines.map(({ text }) => text));
      at = lines.at(-1)?.end ?? at;
    }
    assert.equal(seen.join("").length, 100_003);
    assert.equal(seen.at(-1), "end");
  });

  for (const [content, count, rest] of [
    ["a\nb\nc\n", 2, "b\nc\n"],
    ["a\nb\nc\n", 9, "a\nb\nc\n"],
    ["a\nb\nc", 1, "c"],
    ["\n\n\n", 2, "\n\n"],
    [`${"y".repeat(70_000)}\nlast\n`, 1, "last\n"],
    [`first\n${"y".repeat(70_000)}\nlast\n`, 2, `${"y".repeat(70_000)}\nlast\n`],
  ] as const) {
    it(`finds the last ${count} of ${JSON.stringify(content.slice(0, 12))}`, async () => {
      const path = join(dir, "tail.log");
      writeFileSync(path, content);
      assert.equal(content.slice(await offsetOfLastLines(path, count)), rest);
    });
  }
});
