import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { exec } from "#sys/exec.ts";
import { sourceFiles } from "./source-files.ts";

describe("the view of an uploaded tree", () => {
  let dir: string;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "hop3-files-"));
    writeFileSync(join(dir, "secret"), "outside");
    mkdirSync(join(dir, "tree/src"), { recursive: true });
    writeFileSync(join(dir, "tree/package.json"), "{}");
    writeFileSync(join(dir, "tree/src/app.py"), "x");
    symlinkSync("../secret", join(dir, "tree/linked"));
    symlinkSync("..", join(dir, "tree/up"));
    writeFileSync(join(dir, "tree/huge"), "");
    truncateSync(join(dir, "tree/huge"), 2 * 1024 * 1024);
    await exec(["mkfifo", join(dir, "tree/pipe")], { env: { PATH: "/usr/bin:/bin" } });
  });
  after(() => rmSync(dir, { recursive: true }));

  it("reads and lists what is inside", () => {
    const files = sourceFiles(join(dir, "tree"));
    assert.equal(files.read("package.json"), "{}");
    assert.equal(files.read("./src/app.py"), "x");
    assert.deepEqual(files.list("src"), ["app.py"]);
    assert.deepEqual(files.list("."), ["huge", "linked", "package.json", "pipe", "src/", "up"]);
    assert.ok(files.exists("src"));
  });

  it("does not leave the tree by name or by link, and never waits at a pipe", () => {
    const files = sourceFiles(join(dir, "tree"));
    for (const path of [
      "../secret",
      "/etc/passwd",
      "src/../../secret",
      "linked",
      "up/secret",
      "a\0b",
      "pipe",
      "src",
      "nope/x",
    ]) {
      assert.equal(files.read(path), undefined, path);
    }
    assert.deepEqual(files.list("up"), []);
    assert.equal(files.exists("up/secret"), false);
  });

  it("takes a file of more than 1 MiB as absent", () => {
    assert.equal(sourceFiles(join(dir, "tree")).read("huge"), undefined);
  });
});
