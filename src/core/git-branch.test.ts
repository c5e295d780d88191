import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { isBranchName } from "./git-branch.ts";

const isGits = (name: string): boolean => {
  try {
    execFileSync("git", ["check-ref-format", `refs/heads/${name}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

test("what is taken for a branch's name, git takes too", () => {
  for (const name of [
    "main",
    "feature/x",
    "v1.2",
    "a-b_c",
    "release/2026.1",
    "b\u00fcro",
    "$(id)",
    "a'b;c|d&e",
    "x@y",
    "HEAD",
  ]) {
    assert.ok(isBranchName(name), name);
    assert.ok(isGits(name), name);
  }
});

test("what git does not take, and what could be taken for an option or for another text, is no name", () => {
  for (const name of [
    "",
    "a..b",
    "a b",
    "a~1",
    "a^",
    "a:b",
    "a?",
    "a*",
    "a[b",
    "a\\b",
    "a//b",
    "/a",
    "a/",
    ".a",
    "a/.b",
    "a.lock",
    "a.lock/b",
    "a@{1}",
    "a.",
    "a\u007f",
    "a\nb",
    "a\tb",
  ]) {
    assert.ok(!isBranchName(name), JSON.stringify(name));
    assert.ok(!isGits(name), JSON.stringify(name));
  }
  for (const name of ["-x", "--help", "@", "a\u202eb", "a".repeat(201)])
    assert.ok(!isBranchName(name), JSON.stringify(name));
});
