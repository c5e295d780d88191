import assert from "node:assert/strict";
import { test } from "node:test";
import { pageOf, pageOfRows, readCursor, type Page } from "./page.ts";

function walk<Item>(page: (cursor: string | undefined) => Page<Item>): Item[] {
  const all: Item[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 100; pages += 1) {
    const { items, next } = page(cursor);
    all.push(...items);
    if (next === null) return all;
    cursor = next;
  }
  throw new Error("the pages do not end");
}

test("the pages of a list hold each item once, names upwards and numbers downwards", () => {
  const names = ["b", "a", "ä", "c", "B", "aa", "__proto__"];
  const byName = walk((cursor) => pageOf(names, { limit: 2, cursor }, (name) => name));
  assert.deepEqual(byName, ["B", "__proto__", "a", "aa", "b", "c", "ä"]);
  const numbers = [3, 1, 10, 2];
  assert.deepEqual(
    walk((cursor) => pageOf(numbers, { limit: 3, cursor }, (number) => number)),
    [10, 3, 2, 1],
  );
  assert.deepEqual(
    pageOf(numbers, { limit: 4 }, (number) => number),
    { items: [10, 3, 2, 1], next: null },
  );
  assert.deepEqual(
    pageOf([], { limit: 4, cursor: "n1" }, (number: number) => number),
    { items: [], next: null },
  );
});

test("what comes and goes between two pages neither repeats nor hides others", () => {
  const first = pageOf(["a", "b", "c", "d"], { limit: 2 }, (name) => name);
  assert.deepEqual(first.items, ["a", "b"]);
  const second = pageOf(["a", "aa", "c", "d"], { limit: 2, cursor: first.next ?? "" }, (name) => name);
  assert.deepEqual(second.items, ["c", "d"]);
});

test("rows that were read with one more than asked for say whether more follow", () => {
  const page = pageOfRows([9, 8, 7], { limit: 2 }, (number) => number);
  assert.deepEqual(page.items, [9, 8]);
  assert.equal(readCursor(page.next ?? "", "number"), 8);
  assert.equal(pageOfRows([9, 8], { limit: 2 }, (number) => number).next, null);
});

test("a cursor of another list, or of nobody, is refused", () => {
  const encode = (text: string) => Buffer.from(text).toString("base64url");
  for (const bad of [encode("sname"), encode("nNaN"), encode("n1.5"), encode("n01"), encode("5"), "A", "x".repeat(500)])
    assert.throws(() => readCursor(bad, "number"), { code: "INVALID_INPUT" }, bad);
  for (const bad of [encode("n5"), encode("x"), "_w"])
    assert.throws(() => readCursor(bad, "string"), { code: "INVALID_INPUT" }, bad);
  assert.equal(readCursor(undefined, "string"), undefined);
  assert.equal(readCursor(encode("s"), "string"), "");
});
