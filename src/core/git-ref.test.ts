import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { anyRef, branchRef, isRefName, shownRef } from "./git-ref.ts";

describe("names of branches, tags and commits", () => {
  for (const name of ["main", "feature/x-1", "v1.2.3", "a".repeat(40), "käse", "refs/tags/v1", "x@y", "A_b"]) {
    it(`${name} is one`, () => assert.equal(anyRef(name), name));
  }
  const bad = [
    "",
    "-u",
    "--upload-pack=/bin/sh",
    "a b",
    "a..b",
    "a:b",
    "+main",
    "a^",
    "a~1",
    "a?",
    "*",
    "a[",
    "a\\b",
    "@",
    "a@{1}",
    "/a",
    "a/",
    "a//b",
    ".a",
    "a/.b",
    "a.",
    "a.lock",
    "a.lock/b",
    "a\0b",
    "a\nb",
    "a\u202eb",
    "x".repeat(251),
    "é".repeat(126),
  ];
  for (const name of bad) {
    it(`${JSON.stringify(name.slice(0, 30))} is none`, () => {
      assert.equal(isRefName(name), false);
      assert.throws(() => anyRef(name), { code: "INVALID_INPUT" });
      assert.throws(() => branchRef(name), { code: "INVALID_INPUT" });
    });
  }

  it("a branch is asked for as one, and shown as it was said", () => {
    assert.equal(branchRef("main"), "refs/heads/main");
    assert.equal(shownRef("refs/heads/main"), "main");
    assert.equal(shownRef("v1"), "v1");
    assert.equal(shownRef(null), "HEAD");
    assert.throws(() => branchRef("refs/heads/main"), { code: "INVALID_INPUT" });
  });
});
