import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { checkCommit } from "./check-commit.ts";
import type { GitPlace } from "./git-environment.ts";
import { packRepository } from "./pack-daily.ts";
import { keepReplaced, makeRepository, moveBranch, removeRepository, tipOf, type Repository } from "./repository.ts";

const base = mkdtempSync(join(tmpdir(), "hop3-git-"));
after(() => rmSync(base, { recursive: true }));
const who = { GIT_AUTHOR_NAME: "a", GIT_AUTHOR_EMAIL: "a@b", GIT_COMMITTER_NAME: "a", GIT_COMMITTER_EMAIL: "a@b" };
const place: GitPlace = {
  hooks: join(base, "hooks"),
  relay: [],
  environment: { PATH: process.env["PATH"] ?? "", ...who },
};

async function commit(repository: Repository, text: string, ...parents: readonly string[]): Promise<string> {
  const blob = (await repository.runWith(text, "hash-object", "-w", "--stdin")).stdout.trim();
  const tree = (await repository.runWith(`100644 blob ${blob}\tfile\n`, "mktree")).stdout.trim();
  const made = await repository.run("commit-tree", tree, "-m", text, ...parents.flatMap((one) => ["-p", one]));
  return made.stdout.trim();
}

test("a repository is hop3d's alone, whole, and made once", async () => {
  const directory = join(base, "one.git");
  await makeRepository(directory, place);
  assert.equal(statSync(directory).mode & 0o077, 0);
  assert.ok(!existsSync(join(directory, "hooks")));
  const repository = await makeRepository(directory, place);
  assert.equal(await tipOf(repository, "main"), null);
  const one = await commit(repository, "one");
  await moveBranch(repository, "main", one);
  assert.equal(await tipOf(await makeRepository(directory, place), "main"), one);
  await checkCommit(repository, one);
  await assert.rejects(checkCommit(repository, "0".repeat(40)), { code: "INVALID_SOURCE" });
  await removeRepository({ repository: (app) => join(base, `${app}.git`) }, "one");
  assert.ok(!existsSync(directory));
});

test("packing keeps the history, also what was forced out of a branch, and drops what nothing leads to after a day", async () => {
  const directory = join(base, "two.git");
  const repository = await makeRepository(directory, place);
  const root = await commit(repository, "root");
  const replaced = await commit(repository, "replaced", root);
  await moveBranch(repository, "main", replaced);
  const forced = await commit(repository, "forced", root);
  await keepReplaced(repository, replaced, forced);
  await moveBranch(repository, "main", forced);
  const refused = await commit(repository, "refused", root);
  const fresh = await commit(repository, "fresh", root);
  const objects = join(directory, "objects");
  const freshFile = join(objects, fresh.slice(0, 2), fresh.slice(2));
  const old = new Date(Date.now() - 2 * 24 * 60 * 60 * 1000);
  for (const name of readdirSync(objects, { recursive: true }).map(String)) {
    const path = join(objects, name);
    if (statSync(path).isFile() && path !== freshFile) utimesSync(path, old, old);
  }
  await packRepository(directory, place, new AbortController().signal);
  const has = async (object: string) => (await repository.run("cat-file", "-e", object)).exitCode === 0;
  assert.deepEqual(await Promise.all([root, replaced, forced, refused, fresh].map(has)), [
    true,
    true,
    true,
    false,
    true,
  ]);
});
