/** docs/cases.md names a test, or the issue it waits for, for each of its thirty cases; and each test it names exists. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const docs = join(import.meta.dirname, "../docs");
const rows = readFileSync(join(docs, "cases.md"), "utf8")
  .split("\n")
  .filter((line) => /^\| \d/.test(line))
  .map((line) => line.split(" | "));

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

test("every test that a case names is in the file that it names", () => {
  const named = rows.flatMap((row) => [...row.join(" | ").matchAll(/\[[^\]]+\]\(([^)]+\.ts)\): `([^`]+)`/g)]);
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
