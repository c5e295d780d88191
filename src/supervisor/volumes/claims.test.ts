import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { VolumeSpec } from "#core/volume.ts";
import { makeBench, type Bench } from "../bench.ts";

let bench: Bench;
beforeEach(async () => {
  bench = makeBench();
  await bench.start();
  mkdirSync(join(bench.layout.root, "srv/media/photos"), { recursive: true });
});
afterEach(() => bench.clean());

const at = (path: string) => join(bench.layout.root, "srv", path);
const bind = (path: string, mode: "rw" | "ro"): VolumeSpec => ({
  name: "host",
  target: "host",
  type: "bind",
  source: at(path),
  mode,
});
/** In user mode, where the claim alone is in question: what is seen of it walls would show. */
async function start(app: string, release: number, volume: VolumeSpec): Promise<void> {
  bench.release(app, release, { worker: {} }, { volumes: [volume] });
  await bench.client.call("app.start", { app, release });
}
const taken = (how: string) => ({ code: "CONFLICT", message: new RegExp(`the app shop ${how} there`) });

describe("a directory of the server", () => {
  it("that an app writes is no other's, nor what lies in it, nor what it lies in, by whatever name", async () => {
    await start("shop", 1, bind("media", "rw"));
    for (const path of ["media", "media/photos", "."]) {
      await assert.rejects(start("blog", 1, bind(path, "ro")), taken("writes"), path);
    }
    symlinkSync(at("media/photos"), at("link"));
    await assert.rejects(start("blog", 1, bind("link", "rw")), taken("writes"));
    mkdirSync(at("media2"));
    await start("blog", 1, bind("media2", "rw"));
    // Its own next release takes it over.
    await start("shop", 2, bind("media", "rw"));
  });

  it("may be read by several, and is written by none then", async () => {
    await start("shop", 1, bind("media", "ro"));
    await start("blog", 1, bind("media", "ro"));
    await assert.rejects(start("blog", 2, bind("media/photos", "rw")), taken("reads"));
  });

  it("is free when the release that had it is gone, or its app is", async () => {
    await start("shop", 1, bind("media", "rw"));
    await bench.client.call("app.await", { app: "shop", release: 1, timeout: 10 });
    await bench.client.call("app.cutover", { app: "shop", release: 1 });
    await bench.client.call("app.stop", { app: "shop" });
    // What is stopped comes back.
    await assert.rejects(start("blog", 1, bind("media", "rw")), taken("writes"));
    await bench.client.call("app.forget", { app: "shop" });
    await start("blog", 1, bind("media", "rw"));
  });
});
