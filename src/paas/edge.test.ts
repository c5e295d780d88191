import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { AppError } from "#core/errors.ts";
import { layoutOf } from "#core/layout.ts";
import { openStore } from "#store/open.ts";
import { systemClock } from "#sys/clock.ts";
import { openLog } from "#sys/log.ts";
import { createAppQueue } from "./app-queue.ts";
import { untilEdgeInSync } from "./edge.ts";

test("an edge that is away when hop3d starts is asked until it is there, and its document is written then", async (t) => {
  const base = mkdtempSync(join(tmpdir(), "hop3-edge-"));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const layout = layoutOf({ root: join(base, "root"), run: join(base, "run") });
  mkdirSync(dirname(layout.edgeDocument), { recursive: true });
  const store = await openStore({ file: join(base, "hop3.db"), clock: systemClock });
  t.after(() => store.close());
  const lines: string[] = [];
  const waits: number[] = [];
  let asked = 0;
  await untilEdgeInSync({
    store,
    layout,
    baseDomain: "localhost",
    edge: { httpPort: 8080, adminSocket: base, fenceSocket: base, fenceFile: base, storage: base },
    queue: createAppQueue(),
    clock: { ...systemClock, sleep: async (ms) => void waits.push(ms) },
    log: openLog({ name: "test", stream: { write: (line) => lines.push(line) } }),
    stopping: new AbortController().signal,
    proxy: {
      name: "made up",
      render: () => "the document",
      load: async () => {
        if (++asked < 3) throw new AppError("UNAVAILABLE", "The edge does not answer.");
      },
    },
  });
  assert.equal(asked, 3);
  assert.deepEqual(waits, [1000, 1000]);
  assert.equal(lines.length, 2);
  assert.equal(readFileSync(layout.edgeDocument, "utf8"), "the document");
});
