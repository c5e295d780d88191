/** The map of docs/security/checklist.md: each row is there, and each test that it names. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/security/checklist.md"), "utf8");
const rows = page.split("\n").filter((line) => /^\| [A-Z]\d+ \|/.test(line));

const numbers = (letter: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${letter}${from + index}`);

test("every row of the list is in the map, once and in order", () => {
  assert.deepEqual(
    rows.map((row) => row.split(" ")[1]),
    [...numbers("A", 1, 12), ...numbers("B", 13, 22), "D33", ...numbers("E", 36, 39), ...numbers("F", 40, 44), "G45"],
  );
});

test("every test that the map names is there; a row without one says when it will", () => {
  for (const row of rows) {
    const [name = "", , here = "", tests = ""] = row.split(" | ");
    const named = [...tests.matchAll(/`([^`]+\.test\.ts)`: "([^"]+)"/g)];
    assert.ok(named.length > 0 || /later, with/.test(here), `${name} names no test`);
    assert.equal(named.length, tests.split(".test.ts`").length - 1, `${name} is not written as the map is`);
    for (const [, file = "", title = ""] of named) {
      assert.ok(readFileSync(join(root, file), "utf8").includes(title), `${name}: ${file} has no test "${title}"`);
    }
  }
});
