/** Run by full-disk.test.ts in a mount namespace of its own: fills the disk that has HOP3_ROOT at points of a deploy. */
import assert from "node:assert/strict";
import { closeSync, fstatSync, ftruncateSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { isNodeError } from "#core/errors.ts";
import { exec } from "#sys/exec.ts";
import { assertAnswers, deployLive, eventually } from "../apps.ts";
import { startPlatform, tarOf } from "../platform.ts";
import { gatedApp } from "./gated-app.ts";
import { shown } from "./interruption.ts";
import { haltAt } from "./points.ts";
import { remainsOf, unrest } from "./remains.ts";
import { watchEdge } from "./watch-edge.ts";

/** Codes that say what the matter is: the disk, or who could not write to it. */
const clear = ["DISK_FULL", "STORE_FAILED", "SUPERVISOR_REFUSED", "BUILD_FAILED", "APP_EXITED"];

const mount = (path: string) =>
  exec(["mount", "-t", "tmpfs", "-o", "size=32m,mode=755", "tmpfs", path], {
    env: process.env as Record<string, string>,
  });
const platform = await startPlatform({
  supervisor: join(import.meta.dirname, "supervisor.ts"),
  onRoot: async (root) => assert.equal((await mount(root)).exitCode, 0, "a tmpfs could not be mounted"),
});
const { layout, base, apiUrl, token } = platform;
const ballast = join(layout.root, "ballast");

try {
  await deployLive(platform, gatedApp(base, "v0"), "kept");
  let version = 0;

  // No upload is taken from the reserve, and one that does not fit ends.
  const watching = watchEdge(platform.edge("kept"));
  const big = gatedApp(base, "big");
  writeFileSync(join(big, "ballast"), Buffer.alloc(6 * 1024 * 1024, "x"));
  for (const [left, why] of [
    [0, /No deploy is taken/],
    [4 * 1024 * 1024, /The server's disk is full/],
  ] as const) {
    fill(left);
    const refused = await send(big);
    assert.equal(refused.status, 507, JSON.stringify(refused.body));
    assert.equal(refused.body.code, "DISK_FULL");
    assert.match(JSON.stringify(refused.body), why);
    free();
    await works();
  }

  for (const point of [
    "before:build",
    "app:build",
    "before:release",
    "before:start",
    "before:cut-over",
    "within:cut-over",
  ]) {
    const before = remainsOf(platform, "kept");
    const halt = haltAt(base, point);
    const next = `v${version + 1}`;
    const posted = await send(gatedApp(base, next));
    assert.equal(posted.status, 202);
    await halt.reached();
    fill();
    halt.release();
    // On a full disk its end cannot always be recorded; what serves goes on serving.
    for (let asked = 0; asked < 50; asked += 1) {
      await assertAnswers(platform.edge("kept"), { path: "/", status: 200, contains: "v" });
    }
    free();
    const number = posted.body.deploy ?? 0;
    await eventually(`the deploy that met a full disk ${point} has an end`, async () => {
      const state = (await shown(platform, "kept", number))?.state;
      return state === "failed" || state === "succeeded";
    });
    const end = await shown(platform, "kept", number);
    process.stdout.write(`${point}: ${end?.state} ${end?.error?.code ?? ""} ${end?.error?.message ?? ""}\n`);
    if (end?.state === "succeeded") version += 1;
    else {
      assert.ok(clear.includes(String(end?.error?.code)), `${point}: ${end?.error?.code}: ${end?.error?.message}`);
      await atRest();
      assert.deepEqual(remainsOf(platform, "kept"), before, `${point}: something was left behind`);
    }
    await assertAnswers(platform.edge("kept"), { path: "/", status: 200, contains: `v${version}` });
    await works();
  }

  async function works(): Promise<void> {
    version += 1;
    await deployLive(platform, gatedApp(base, `v${version}`), "kept");
    await assertAnswers(platform.edge("kept"), { path: "/", status: 200, contains: `v${version}` });
    await atRest();
  }
  await watching.stop(Array.from({ length: version + 1 }, (_, number) => `v${number}`));
} finally {
  free();
  await platform.halt();
  await exec(["umount", "-l", layout.root], { env: process.env as Record<string, string> });
  await platform.stop();
}

async function atRest(): Promise<void> {
  let wrong: string | undefined;
  await eventually("the platform is at rest", async () => (wrong = await unrest(platform)) === undefined).catch(() =>
    assert.fail(wrong),
  );
}

type Answer = { readonly code?: string; readonly deploy?: number };

async function send(dir: string): Promise<{ status: number; body: Answer }> {
  const response = await fetch(`${apiUrl}/apps/kept/deploys`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/x-tar" },
    // Small on its way: fetch does not look at an answer that comes before all was sent.
    body: gzipSync(await tarOf(dir)),
  });
  return { status: response.status, body: (await response.json()) as Answer };
}

/** To the last byte, but for `left`. */
function fill(left = 0): void {
  const file = openSync(ballast, "w");
  try {
    for (const size of [1024 * 1024, 4096, 1]) {
      const zeros = Buffer.alloc(size);
      try {
        while (writeSync(file, zeros) === size);
      } catch (error) {
        if (!isNodeError(error) || error.code !== "ENOSPC") throw error;
      }
    }
  } finally {
    ftruncateSync(file, Math.max(0, fstatSync(file).size - left));
    closeSync(file);
  }
}

function free(): void {
  rmSync(ballast, { force: true });
}
