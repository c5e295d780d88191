/**
 * HOP3_ROOT on a disk that is full. The disk is a small tmpfs in a mount namespace, which anybody may make who is root, or
 * who may make a user namespace; where neither is so, the test says why it is not run.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { exec } from "#sys/exec.ts";

test("a deploy that meets a full disk fails with a clear code, what serves goes on, and room brings deploys back", async (t) => {
  const namespace = process.getuid?.() === 0 ? ["unshare", "-m"] : ["unshare", "-rm"];
  const script = join(import.meta.dirname, "faulty/full-disk.ts");
  const { NODE_TEST_CONTEXT: _, ...env } = process.env as Record<string, string>;
  const tried = await exec([...namespace, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], { env });
  if (tried.exitCode !== 0) return t.skip(`this host lets us mount nothing: ${tried.stderr.trim()}`);
  const ended = await exec([...namespace, process.execPath, script], { env, timeoutMs: 120_000 });
  assert.equal(ended.exitCode, 0, `${ended.stdout}\n${ended.stderr}`);
});
