import assert from "node:assert/strict";
import test from "node:test";
import { parseGitCommand } from "./git-command.ts";

test("what git sends is understood, by either name and with or without its quotes", () => {
  for (const text of [
    "git-receive-pack 'blog.git'",
    "git receive-pack 'blog.git'",
    "git-receive-pack 'blog'",
    "git-receive-pack '/blog.git'",
    "git-receive-pack blog.git",
  ]) {
    assert.deepEqual(parseGitCommand(text), { service: "git-receive-pack", app: "blog" }, text);
  }
  assert.deepEqual(parseGitCommand("git-upload-pack 'a-1.git'"), { service: "git-upload-pack", app: "a-1" });
});

test("whatever else stands in a command is refused, and nothing of it is repeated", () => {
  const names = [
    "../blog",
    "..",
    ".",
    "",
    "/",
    "//blog",
    "/etc/passwd",
    "blog/../shop",
    "blog.git/",
    "blog/objects",
    "blog.git.git",
    "~root/blog",
    "BLOG",
    "bl\u00f6g",
    "blog\u202e",
    "\u0430pp",
    "b",
    "-blog",
    "--help",
    "a".repeat(65),
    "blog\0",
    "blog\n",
    "blog\r\nX",
    "blog'",
    "$(id)",
    "`id`",
    "blog;id",
    "blog|id",
    "blog&id",
    "blog>x",
    "*",
    "bl og",
    "blog\\",
    ".git",
    "blog!",
  ];
  const commands = [
    ...names.flatMap((name) => [`git-receive-pack '${name}'`, `git-upload-pack '${name}'`]),
    "",
    " ",
    "sh",
    "bash -i",
    "scp -t /tmp",
    "sftp",
    "internal-sftp",
    "rsync --server",
    "git",
    "git-shell",
    "cvs server",
    "git-upload-archive 'blog.git'",
    "git upload-archive 'blog.git'",
    "git-lfs-authenticate blog download",
    "git  receive-pack 'blog'",
    "git-receive-pack",
    "git-receive-pack ",
    "git-receive-pack  'blog'",
    "git-receive-pack 'blog' 'shop'",
    "git-receive-pack 'blog';id",
    "git-receive-pack 'blog' && id",
    "git-receive-pack --upload-pack=id 'blog'",
    "git-receive-pack 'blog'\nid",
    "\ngit-receive-pack 'blog'",
    "git-receive-pack\t'blog'",
    'git-receive-pack "blog"',
    "git-receive-pack 'blog",
    "git-receive-pack blog'",
    "GIT-RECEIVE-PACK 'blog'",
    "env X=1 git-receive-pack 'blog'",
    "git -c core.hooksPath=/tmp receive-pack 'blog'",
    `git-receive-pack '${"a".repeat(100_000)}'`,
  ];
  for (const command of commands) {
    assert.throws(
      () => parseGitCommand(command),
      (error: Error & { code?: string; hint?: string }) => {
        assert.ok(
          ["DENIED", "INVALID_APP_NAME"].includes(error.code ?? ""),
          `${JSON.stringify(command)}: ${error.code}`,
        );
        assert.ok(!/passwd|\$\(|`id`|\u202e/.test(`${error.message}${error.hint}`));
        return true;
      },
    );
  }
});
