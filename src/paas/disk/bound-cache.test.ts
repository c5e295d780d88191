import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { layoutOf } from "#core/layout.ts";
import { exec } from "#sys/exec.ts";
import { createAppQueue } from "../app-queue.ts";
import { boundCache } from "./bound-cache.ts";
import { emptyTrash } from "./trash.ts";
import type { Platform } from "../platform.ts";

it("a build cache that has grown too large is emptied, which the build's output says; a smaller one is left alone", async () => {
  const root = mkdtempSync(join(tmpdir(), "hop3-cache-"));
  try {
    const layout = layoutOf({ root, run: root });
    const platform = {
      layout,
      exec,
      queue: createAppQueue(),
      log: { warn: () => undefined } as unknown as Platform["log"],
      clock: { now: () => 0, elapsed: () => 0, sleep: async () => undefined },
      stopping: new AbortController().signal,
    };
    mkdirSync(join(layout.appCache("blog"), "npm"), { recursive: true });
    mkdirSync(layout.build("blog", 1), { recursive: true });
    writeFileSync(join(layout.appCache("blog"), "npm/file"), "x".repeat(2_000_000));
    await boundCache(platform, "blog", 1, 3_000_000);
    assert.deepEqual(readdirSync(layout.appCache("blog")), ["npm"]);
    await boundCache(platform, "blog", 1, 1_000_000);
    assert.deepEqual(readdirSync(layout.appCache("blog")), []);
    assert.match(
      readFileSync(layout.buildLog("blog", 1), "utf8"),
      / sys The build cache took 2 MB, more than 1 MB, and was emptied\.\n$/,
    );
    await emptyTrash(platform);
    assert.deepEqual(readdirSync(layout.trash), []);
    rmSync(layout.appCache("blog"), { recursive: true });
    await boundCache(platform, "blog", 1);
  } finally {
    rmSync(root, { recursive: true });
  }
});
