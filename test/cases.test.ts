/**
 * docs/cases.md names a test, or the issue it waits for, for each of its thirty cases; docs/cases-runtime.md names a test for
 * each fault; and each test they name exists.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const docs = join(import.meta.dirname, "../docs");
const rowsOf = (page: string, is: RegExp): string[][] =>
  // Tables below a heading of their own hold something else.
  (readFileSync(join(docs, page), "utf8").split("\n## ")[0] ?? "")
    .split("\n")
    .filter((line) => is.test(line))
    .map((line) => line.split(" | "));
const rows = rowsOf("cases.md", /^\| \d/);
const faults = rowsOf("cases-runtime.md", /^\| (?!fault |---)/);

test("the thirty cases are there, each with what shows it or what it waits for", () => {
  assert.deepEqual(
    rows.map(([number]) => Number(number?.replace("| ", ""))),
    Array.from({ length: 30 }, (_, index) => index + 1),
  );
  for (const row of rows) {
    const [, , shown = "", beside = ""] = row;
    assert.match(`${shown} ${beside}`, /\]\(.+\): `|\.md\)|\bissue [3-7]\b|\blater: /, row.join(" | "));
  }
});

test("every fault of the supervisor has what happens and a test that shows it", () => {
  assert.ok(faults.length > 15, `only ${faults.length} were found`);
  for (const row of faults) assert.match(row[2] ?? "", /\]\(.+\.ts\): `/, row.join(" | "));
});

test("every test that a case or a fault names is in the file that it names", () => {
  const named = [...rows, ...faults].flatMap((row) => [
    ...row.join(" | ").matchAll(/\[[^\]]+\]\(([^)]+\.ts)\): `([^`]+)`/g),
  ]);
  assert.ok(named.length > 30, `only ${named.length} were found`);
  for (const [, file = "", name = ""] of named) {
    const text = readFileSync(join(docs, file), "utf8");
    const isThere = ['"', "`"].some((quote) => /\b(?:test|it)\(\s*$/.test(before(text, `${quote}${name}${quote}`)));
    assert.ok(isThere, `${file} has no test "${name}"`);
  }
});

/** What stands before `words`; empty when they are not there. */
function before(text: string, words: string): string {
  const at = text.indexOf(words);
  return at < 0 ? "" : text.slice(0, at);
}
