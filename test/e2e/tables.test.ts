import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { test } from "node:test";
import { readAppSpec } from "#core/app-config/read.ts";
import { AppError } from "#core/errors.ts";
import { sourceFiles } from "#paas/deploy/source-files.ts";
import { deployedDir, fixtureApps } from "../fixtures/apps.ts";
import { brokenApps } from "../fixtures/broken.ts";
import { validationsOf } from "./apps.ts";

const root = join(import.meta.dirname, "../..");
const fixtures = join(root, "test/fixtures");

test("the tables name each folder of fixtures, and no other", () => {
  const folders = (of: string) =>
    globSync(`${fixtures}/${of}/*/`)
      .map((path) => basename(path))
      .toSorted();
  assert.deepEqual(fixtureApps.map(({ name }) => name).toSorted(), folders("apps"));
  assert.deepEqual(brokenApps.map(({ name }) => name).toSorted(), folders("broken"));
});

test("there are at least 24 fixture apps and 12 broken ones, and all there is to deploy exists", () => {
  assert.ok(fixtureApps.length >= 24);
  assert.ok(brokenApps.length >= 12);
  for (const app of fixtureApps) assert.ok(existsSync(deployedDir(app)), app.name);
});

test("no lock file names a download address", () => {
  const names = ["package-lock.json", "pnpm-lock.yaml", "yarn.lock", "uv.lock", "poetry.lock"];
  const locks = ["examples", "test/fixtures"].flatMap((folder) =>
    globSync(`${join(root, folder)}/**/{${names.join(",")}}`, { exclude: (path) => path.endsWith("node_modules") }),
  );
  assert.ok(locks.length >= 10, `only ${locks.length} lock files were seen`);
  for (const lock of locks) {
    assert.doesNotMatch(readFileSync(lock, "utf8"), /(https?|file):\/\//, relative(root, lock));
  }
});

test("each example states its own checks", () => {
  for (const name of ["guestbook", "chat", "site", "jobs"]) {
    assert.ok(validationsOf(join(root, "examples", name)).length > 0);
  }
});

test("every sound app's own files are read without complaint", () => {
  for (const app of fixtureApps) assert.doesNotThrow(() => readAppSpec(sourceFiles(deployedDir(app))), app.name);
  for (const name of ["guestbook", "chat", "site", "jobs"]) {
    assert.equal(readAppSpec(sourceFiles(join(root, "examples", name))).id, name);
  }
});

test("a broken app whose files alone show it is refused by its own code, in the words of the table", () => {
  const byFile = new Set(["INVALID_CONFIG", "INVALID_PROCFILE", "INVALID_ENV_FILE", "NOT_BUILT_YET"]);
  // Of some it is the server's mode that refuses them.
  const own = brokenApps.filter(
    ({ code, dir, says }) =>
      byFile.has(code) && !existsSync(join(dir, "package.json")) && !says.join().includes("needs system mode"),
  );
  assert.ok(own.length >= 5);
  for (const { name, dir, code, says } of own) {
    assert.throws(
      () => readAppSpec(sourceFiles(dir)),
      (error) => {
        assert.ok(error instanceof AppError);
        const told = [error.message, error.hint, ...error.details].join("\n");
        assert.equal(error.code, code, `${name}: ${told}`);
        for (const words of says) assert.ok(told.includes(words), `${name} does not say ${words}: ${told}`);
        return true;
      },
    );
  }
});
