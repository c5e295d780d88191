/** The files of apps in user mode; app-area.test.ts has system mode. */
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { layoutOf, type Layout } from "#core/layout.ts";
import { plainFiles, type AppFiles } from "./app-files.ts";
import { eventually, makeBench } from "./bench.ts";
import { hostTool } from "./host-tool.ts";

describe("a build's tree", () => {
  let root: string;
  let layout: Layout;
  let files: AppFiles;
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), "hop3-files-"));
    layout = layoutOf({ root, run: root });
    files = plainFiles(layout, hostTool);
    mkdirSync(join(root, "outside"));
    writeFileSync(join(root, "outside/file"), "kept");
    chmodSync(join(root, "outside/file"), 0o444);
    await files.make("blog");
    files.makeBuild("blog", 1);
  });
  afterEach(() => {
    assert.equal(readFileSync(join(root, "outside/file"), "utf8"), "kept");
    assert.equal(statSync(join(root, "outside/file")).mode & 0o777, 0o444);
    chmodSync(root, 0o700);
    rmSync(root, { recursive: true, force: true });
  });

  const upload = (): void => {
    const from = layout.buildUpload("blog", 1);
    mkdirSync(join(from, "below"), { recursive: true });
    writeFileSync(join(from, "below/file"), "x");
    symlinkSync(join(root, "outside"), join(from, "link"));
  };
  const here = (): string[] => readdirSync(layout.build("blog", 1)).toSorted();

  it("is what was uploaded; taking it twice is taking it once, and nothing cannot be taken", async () => {
    await assert.rejects(files.take("blog", 1), { code: "unknown" });
    upload();
    await files.take("blog", 1);
    await files.take("blog", 1);
    assert.deepEqual(here(), ["tree"]);
  });

  it("is sealed and removed without a link in it being followed; removing it again is nothing", async () => {
    upload();
    await files.take("blog", 1);
    await files.seal("blog", 1);
    assert.equal(statSync(join(layout.buildTree("blog", 1), "below")).mode & 0o222, 0);
    writeFileSync(layout.buildLog("blog", 1), "said");
    await files.removeBuild("blog", 1, true);
    assert.deepEqual(here(), ["build.log"]);
    await files.removeBuild("blog", 1, false);
    assert.equal(existsSync(layout.build("blog", 1)), false);
    await files.removeBuild("blog", 1, false);
  });

  for (const target of ["outside", "nowhere"]) {
    it(`that is a link to ${target} now is not sealed, and goes as a link`, async () => {
      symlinkSync(join(root, target), layout.buildTree("blog", 1));
      await assert.rejects(files.seal("blog", 1), { code: "invalid" });
      await files.removeBuild("blog", 1, true);
      assert.deepEqual(here(), []);
    });
  }

  it("whose removal was interrupted is gone for everybody, and what is left of it goes with the next", async () => {
    upload();
    await files.take("blog", 1);
    await files.seal("blog", 1);
    const dying = plainFiles(layout, async () => assert.fail("it died"));
    await assert.rejects(dying.removeBuild("blog", 1, true), /it died/);
    assert.deepEqual(here(), ["gone"]);
    await files.removeBuild("blog", 1, true);
    assert.deepEqual(here(), []);
  });

  it("goes with the app, sealed as it is, and so does what else it has", async () => {
    upload();
    await files.take("blog", 1);
    await files.seal("blog", 1);
    await files.remove("blog");
    assert.deepEqual(readdirSync(layout.apps), []);
    await files.remove("blog");
  });

  it("an app's directory that is a link is left where it leads to", async () => {
    await files.remove("blog");
    symlinkSync(join(root, "outside"), layout.app("blog"));
    await files.remove("blog");
    assert.ok(lstatSync(layout.app("blog")).isSymbolicLink());
  });
});

describe("the verbs of files", () => {
  it("take nothing from under what runs, keep an app that is known, and empty a cache that has grown too large", async () => {
    const bench = makeBench();
    const { client, layout } = bench;
    try {
      await bench.start({ limits: { cacheBytes: 1_000_000 } });
      await client.call("app.make", { app: "blog" });
      bench.release("blog", 1, { worker: {} });
      await client.call("app.start", { app: "blog", release: 1 });
      await client.call("app.await", { app: "blog", release: 1, timeout: 15 });
      await client.call("app.cutover", { app: "blog", release: 1 });
      const build = { app: "blog", build: 1 };
      await assert.rejects(client.call("build.remove", { ...build, keepOutput: true }), { code: "CONFLICT" });
      await assert.rejects(client.call("build.take", build), { code: "CONFLICT" });
      await assert.rejects(client.call("app.remove", { app: "blog" }), { code: "CONFLICT" });

      writeFileSync(join(layout.appCache("blog"), "file"), "x".repeat(500_000));
      assert.deepEqual(await client.call("build.trim-cache", build), { emptied: false });
      writeFileSync(join(layout.appCache("blog"), "file"), "x".repeat(2_000_000));
      assert.deepEqual(await client.call("build.trim-cache", build), { emptied: true });
      assert.deepEqual(readdirSync(layout.appCache("blog")), []);
      assert.match(
        readFileSync(layout.buildLog("blog", 1), "utf8"),
        / sys The build cache took 2 MB, more than 1 MB, and was emptied\.\n$/,
      );

      await client.call("app.forget", { app: "blog" });
      await client.call("app.remove", { app: "blog" });
      await eventually(() => !existsSync(layout.app("blog")), "it is gone");
      assert.ok(existsSync(dirname(layout.app("blog"))));
    } finally {
      await bench.clean();
    }
  });
});
