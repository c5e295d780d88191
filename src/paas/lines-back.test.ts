import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { lastByTime } from "./last-by-time.ts";
import { endOfLines, linesBack } from "./lines-back.ts";
import { historyOf } from "./log-history.ts";

const stamp = (second: number) => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();

describe("a log file read from its end", () => {
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), "hop3-back-"));
  });
  after(() => rmSync(dir, { recursive: true }));

  async function all(path: string, end: number, text?: string): Promise<string[]> {
    let found: string[] = [];
    for await (const lines of linesBack(path, end, text)) found = [...lines, ...found];
    return found;
  }

  for (const [name, lines] of [
    ["short lines", Array.from({ length: 50_000 }, (_, n) => `line ${n}`)],
    ["lines as long as what is read at once", ["a".repeat(65_535), "b".repeat(65_536), "c".repeat(65_537), ""]],
    ["empty lines", ["", "", "", "x", ""]],
    ["letters of several bytes over the seams", Array.from({ length: 3000 }, (_, n) => `${"ü€😀".repeat(7)} ${n}`)],
  ] as const) {
    it(`gives ${name} whole and in order`, async () => {
      const path = join(dir, "whole");
      writeFileSync(path, `${lines.join("\n")}\n`);
      assert.deepEqual(await all(path, await endOfLines(path)), lines);
    });
  }

  it("leaves out the line that is being written, and gives a line without end in pieces", async () => {
    const path = join(dir, "partial");
    writeFileSync(path, "one\ntwo\nthr");
    assert.equal(await endOfLines(path), 8);
    assert.deepEqual(await all(path, 8), ["one", "two"]);
    writeFileSync(path, `one\n${"x".repeat(3_000_000)}\n`);
    assert.equal((await all(path, await endOfLines(path))).join("").length, 3_000_003);
    assert.deepEqual(await all(join(dir, "none"), 100), []);
    assert.equal(await endOfLines(join(dir, "none")), 0);
  });

  it("ends where the file was cut meanwhile", async () => {
    const path = join(dir, "cut");
    writeFileSync(path, "one\ntwo\n");
    truncateSync(path, 4);
    assert.deepEqual(await all(path, 8), ["one"]);
  });

  it("of 100 MB gives the last lines, those since a time and those with a text, in little memory", async () => {
    const path = join(dir, "huge");
    const file = openSync(path, "w");
    const rows = 1_000_000;
    for (let row = 0; row < rows;) {
      let block = "";
      for (const end = row + 10_000; row < end; row += 1) {
        const what = row === 1234 || row === 999_999 ? "needle" : "straw";
        block += `${stamp(Math.floor(row / 100))} out ${what} ${String(row).padEnd(66, ".")}\n`;
      }
      writeSync(file, block);
    }
    closeSync(file);
    const runs = [{ process: "web.1", files: [{ path }] }];
    const numbers = async (count: number, filter: Parameters<typeof historyOf>[1]) =>
      (await lastByTime([historyOf(runs, filter)], count)).map(({ text }) => Number(/\d+/.exec(text)?.[0]));
    const began = process.memoryUsage.rss();
    const started = performance.now();
    assert.deepEqual(await numbers(3, {}), [999_997, 999_998, 999_999]);
    const ms = performance.now() - started;
    assert.ok(ms < 1000, `the last three lines took ${ms} ms`);
    assert.deepEqual(await numbers(10, { grep: "needle" }), [1234, 999_999]);
    const since = Date.parse(stamp(9999));
    assert.deepEqual(
      await numbers(1000, { since }),
      Array.from({ length: 100 }, (_, n) => 999_900 + n),
    );
    assert.deepEqual(await numbers(1000, { since, grep: "needle" }), [999_999]);
    const grown = (process.memoryUsage.rss() - began) / 1e6;
    assert.ok(grown < 100, `${grown} MB more for a file of 100 MB`);
  });

  it("of several runs gives those since a time although a newer run has older lines", async () => {
    const paths = [join(dir, "draining"), join(dir, "new")] as const;
    writeFileSync(paths[0], `${stamp(1)} out old early\n${stamp(20)} out old late\n`);
    writeFileSync(paths[1], `${stamp(10)} out new early\n${stamp(21)} out new late\n`);
    const runs = paths.map((path) => ({ process: "web.1", files: [{ path }] }));
    const found = await lastByTime([historyOf(runs, { since: Date.parse(stamp(15)) })], 100);
    assert.deepEqual(found.map(({ text }) => text).sort(), ["new late", "old late"]);
  });
});
