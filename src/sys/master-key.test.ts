import assert from "node:assert/strict";
import { chmod, chown, link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { exec } from "./exec.ts";
import { loadMasterKey } from "./master-key.ts";

async function place(t: TestContext): Promise<{ dir: string; file: string }> {
  const dir = await mkdtemp(join(tmpdir(), "hop3-key-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return { dir, file: join(dir, "master.key") };
}

test("a key is made once, for its owner alone, and nothing else is left beside it", async (t) => {
  const { dir, file } = await place(t);
  const key = await loadMasterKey(file);
  assert.equal(key.length, 32);
  assert.notDeepEqual(key, new Uint8Array(32));
  assert.deepEqual(await loadMasterKey(file), key);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(dir), ["master.key"]);
});

test("of many that start at once, in one process and in several, all get the same key", async (t) => {
  const { dir, file } = await place(t);
  const program = `
    const { loadMasterKey } = await import(${JSON.stringify(new URL("master-key.ts", import.meta.url).href)});
    const keys = await Promise.all(Array.from({ length: 5 }, () => loadMasterKey(${JSON.stringify(file)})));
    process.stdout.write(keys.map((key) => Buffer.from(key).toString("hex")).join("\\n"));`;
  const runs = await Promise.all(
    Array.from({ length: 3 }, () =>
      exec([process.execPath, "--input-type=module", "-e", program], { cwd: process.cwd() }),
    ),
  );
  for (const { exitCode, stderr } of runs) assert.equal(exitCode, 0, stderr);
  const keys = runs.flatMap(({ stdout }) => stdout.split("\n"));
  assert.equal(keys.length, 15);
  assert.deepEqual([...new Set(keys)], [(await readFile(file)).toString("hex")]);
  assert.deepEqual(await readdir(dir), ["master.key"]);
});

test("a key that others could read, of another size, or that is no plain file is refused and left alone", async (t) => {
  const { dir, file } = await place(t);
  const refused = async (message: RegExp) => {
    await assert.rejects(loadMasterKey(file), (error: Error & { code?: string }) => {
      assert.equal(error.code, "MASTER_KEY_REFUSED");
      assert.match(error.message, message);
      return true;
    });
  };
  for (const size of [0, 31, 33]) {
    await writeFile(file, Buffer.alloc(size, 1), { mode: 0o600 });
    await refused(new RegExp(`has ${size} bytes instead of 32`));
    assert.equal((await stat(file)).size, size);
  }
  await writeFile(file, Buffer.alloc(32, 1));
  for (const mode of [0o640, 0o604, 0o620, 0o644]) {
    await chmod(file, mode);
    await refused(/is open to other users/);
  }
  await rm(file);
  await mkdir(file, { mode: 0o700 });
  await refused(/is not a regular file/);
  await rm(file, { recursive: true });
  const elsewhere = join(dir, "elsewhere");
  await writeFile(elsewhere, Buffer.alloc(32, 1), { mode: 0o600 });
  await symlink(elsewhere, file);
  await refused(/is a link/);
  await rm(file);
  await link(elsewhere, file);
  assert.deepEqual(await loadMasterKey(file), new Uint8Array(32).fill(1));
  // Only root can give a file away; for others the file's mode says enough.
  if (process.geteuid?.() === 0) {
    await chown(file, 65_534, 65_534);
    await refused(/belongs to another user/);
  }
});
