import assert from "node:assert/strict";
import { linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { makeBench, type Bench } from "../bench.ts";

let bench: Bench;
beforeEach(async () => {
  bench = makeBench();
  await bench.start();
});
afterEach(() => bench.clean());

const usage = async () => (await bench.client.call("app.usage", { app: "blog" })).parts;

describe("what an app takes of the disk, counted by the supervisor", () => {
  it("is told by part, without what its links lead to, and what has two names once", async () => {
    const { layout } = bench;
    for (const path of [layout.appData("blog"), layout.volume("blog", "media"), layout.buildTree("blog", 1)]) {
      mkdirSync(path, { recursive: true });
    }
    const large = join(layout.volume("blog", "media"), "large");
    writeFileSync(large, "x".repeat(1_000_000));
    linkSync(large, join(layout.volume("blog", "media"), "again"));
    symlinkSync("/usr", join(layout.appData("blog"), "usr"));
    symlinkSync("/usr", layout.appHome("blog"));
    const { volumes, data, home, cache, builds } = await usage();
    assert.ok((volumes?.bytes ?? 0) >= 1_000_000 && (volumes?.bytes ?? 0) < 1_500_000, JSON.stringify(volumes));
    assert.deepEqual([volumes?.files, data?.files, home?.files, builds?.files], [3, 2, 1, 3]);
    assert.deepEqual(cache, { bytes: 0, files: 0 });
  });

  it("is nothing for an app that has nothing, and asked by many counted for all", async () => {
    assert.deepEqual((await usage()).volumes, { bytes: 0, files: 0 });
    mkdirSync(bench.layout.appData("blog"), { recursive: true });
    for (let index = 0; index < 200; index += 1) writeFileSync(join(bench.layout.appData("blog"), `${index}`), "");
    const all = await Promise.all(Array.from({ length: 20 }, usage));
    assert.deepEqual(new Set(all.map(({ data }) => data?.files)), new Set([201]));
    rmSync(bench.layout.appData("blog"), { recursive: true });
    assert.deepEqual((await usage()).data, { bytes: 0, files: 0 });
  });
});
