import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { AppError } from "#core/errors.ts";
import { makeRunDir, runDirFor } from "./run-dir.ts";

const uid = process.getuid?.() ?? 0;

async function place(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "hop3-run-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

const refused = (code: string) => (error: unknown) => error instanceof AppError && error.code === code;

test("the run directory and its parent are made for their owner alone", async (t) => {
  const dir = join(await place(t), "hop3/1234");
  makeRunDir(dir, uid);
  assert.equal((await stat(dir)).mode & 0o777, 0o700);
  assert.equal((await stat(join(dir, ".."))).mode & 0o777, 0o700);
});

test("a run directory that somebody else may have prepared is refused", async (t) => {
  const base = await place(t);
  await mkdir(join(base, "open"));
  await chmod(join(base, "open"), 0o777);
  assert.throws(() => makeRunDir(join(base, "open/1234"), uid), refused("CONFLICT"));
  await mkdir(join(base, "elsewhere"), { mode: 0o700 });
  await symlink(join(base, "elsewhere"), join(base, "link"));
  assert.throws(() => makeRunDir(join(base, "link/1234"), uid), refused("CONFLICT"));
  assert.throws(() => makeRunDir(join(base, "link"), uid), refused("CONFLICT"));
  assert.throws(() => makeRunDir(join(base, "own/1234"), uid + 1), refused("CONFLICT"));
});

test("a path too long for a socket is refused by name", () => {
  assert.throws(() => makeRunDir(`/tmp/${"x".repeat(90)}`, uid), refused("INVALID_INPUT"));
});

test("two roots do not meet in one run directory", () => {
  const of = (root: string) => runDirFor({ root, uid: 1000, temporary: "/tmp" });
  assert.notEqual(of("/srv/a"), of("/srv/b"));
});
