import assert from "node:assert/strict";
import { chmod, lstat, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { exec } from "#sys/exec.ts";
import { removeTree, sealTree } from "./tree.ts";

suite("a build's tree", () => {
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "hop3-tree-"));
    await mkdir(join(root, "outside"));
    await writeFile(join(root, "outside/file"), "kept");
    await chmod(join(root, "outside/file"), 0o444);
  });
  after(() => rm(root, { recursive: true }));

  const isOutsideAsItWas = async (): Promise<void> => {
    assert.equal(await readFile(join(root, "outside/file"), "utf8"), "kept");
    assert.equal((await stat(join(root, "outside/file"))).mode & 0o777, 0o444);
  };

  test("is removed when it is sealed, and links in it are not followed", async () => {
    const tree = join(root, "sealed");
    await mkdir(join(tree, "below"), { recursive: true });
    await writeFile(join(tree, "below/file"), "x");
    await symlink("../outside", join(tree, "link"));
    await sealTree(tree, exec);
    assert.equal((await stat(join(tree, "below"))).mode & 0o222, 0);
    await isOutsideAsItWas();
    await removeTree(tree, exec);
    await assert.rejects(lstat(tree), { code: "ENOENT" });
    await isOutsideAsItWas();
    await removeTree(tree, exec);
  });

  test("that is a link now goes as a link: nothing of where it leads is changed", async () => {
    const tree = join(root, "swapped");
    await symlink("outside", tree);
    await assert.rejects(sealTree(tree, exec), { code: "INVALID_SOURCE" });
    await removeTree(tree, exec);
    await assert.rejects(lstat(tree), { code: "ENOENT" });
    await isOutsideAsItWas();
  });

  test("that is a link to nowhere goes too", async () => {
    const tree = join(root, "dangling");
    await symlink("nowhere", tree);
    await removeTree(tree, exec);
    await assert.rejects(lstat(tree), { code: "ENOENT" });
  });
});
