import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { alone } from "./host-tools.ts";

test("an installation is alone on its host, and one that was killed is in nobody's way", async () => {
  const root = mkdtempSync(join(tmpdir(), "hop3-alone-"));
  const lock = join(root, "lock");
  try {
    let end = (): void => undefined;
    const first = alone(lock, () => new Promise<void>((resolve) => (end = resolve)));
    await assert.rejects(
      alone(lock, () => Promise.reject(new Error("it was let in"))),
      { code: "CONFLICT", message: `Another installation or removal of Hop3 runs already (pid ${process.pid}).` },
    );
    end();
    await first;
    assert.equal(existsSync(lock), false);
    await assert.rejects(
      alone(lock, () => Promise.reject(new Error("it failed"))),
      /it failed/,
    );
    writeFileSync(lock, "1 1 of-another-boot");
    assert.equal(await alone(lock, () => Promise.resolve("done")), "done");
  } finally {
    rmSync(root, { recursive: true });
  }
});
