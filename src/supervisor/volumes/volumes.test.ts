import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { VolumeSpec } from "#core/volume.ts";
import { benchProcesses, eventually, makeBench, type Bench } from "../bench.ts";
import { dyingArgv } from "../dying-argv.ts";
import { linkVolumes } from "./link-volumes.ts";

let bench: Bench;
beforeEach(() => {
  bench = makeBench();
});
afterEach(() => bench.clean());

const media: VolumeSpec = { name: "media", target: "media", mode: "rw", type: "persist" };
const inner: VolumeSpec = { name: "inner", target: "var/lib/inner", mode: "rw", type: "persist" };
const tree = (path = "") => join(bench.layout.buildTree("blog", 1), path);
const volume = (path = "") => join(bench.layout.volume("blog", "media"), path);
const volumes = () => readdirSync(bench.layout.volumes("blog"));

/** Files of the tree by path, then the linking that ends a build. */
async function build(files: Readonly<Record<string, string>>, linked: readonly VolumeSpec[] = [media]) {
  bench.build("blog", 1, linkVolumes(linked));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(tree(join(path, "..")), { recursive: true });
    writeFileSync(tree(path), text);
  }
  return bench.client.call("build.step", { app: "blog", build: 1, step: 0 });
}

const buildLog = () => readFileSync(bench.layout.buildLog("blog", 1), "utf8");
const make = (release = 1, index = 0) => bench.client.call("release.volume", { app: "blog", release, volume: index });

describe("the links of a build to its volumes", () => {
  it("stand where the app sees them, lead out of the build, and survive a new name of the app's directory", async () => {
    await bench.start();
    assert.equal((await build({ "media/a": "A", "var/lib/inner/b": "B", serve: "" }, [media, inner])).exit, 0);
    assert.equal(readlinkSync(tree("media")), "../../../volumes/media");
    mkdirSync(volume(), { recursive: true });
    mkdirSync(bench.layout.volume("blog", "inner"));
    assert.equal(realpathSync(tree("media")), realpathSync(volume()));
    assert.equal(realpathSync(tree("var/lib/inner")), realpathSync(bench.layout.volume("blog", "inner")));
    assert.equal(readFileSync(tree(".hop3/volumes/media/a"), "utf8"), "A");
    assert.equal(readFileSync(tree(".hop3/volumes/inner/b"), "utf8"), "B");
  });

  it("are made with what leads to them, where nothing was shipped", async () => {
    await bench.start();
    assert.equal((await build({ serve: "" }, [inner])).exit, 0);
    assert.equal(lstatSync(tree("var/lib/inner")).isSymbolicLink(), true);
    assert.equal(existsSync(tree(".hop3")), false);
  });

  const refused: [string, () => void, RegExp][] = [
    ["a link in their place", () => symlinkSync("/etc", tree("var/lib/inner")), /var\/lib\/inner is a link/],
    [
      "a link on the way",
      () => {
        rmSync(tree("var/lib"), { recursive: true });
        symlinkSync("/tmp", tree("var/lib"));
      },
      /var\/lib is a link/,
    ],
    ["a file in their place", () => writeFileSync(tree("var/lib/inner"), ""), /var\/lib\/inner is a file/],
    [
      "a file on the way",
      () => {
        rmSync(tree("var/lib"), { recursive: true });
        writeFileSync(tree("var/lib"), "");
      },
      /var\/lib is no directory/,
    ],
    ["a link where Hop3 keeps what was shipped", () => symlinkSync("/tmp", tree(".hop3")), /\.hop3 is a link/],
  ];
  for (const [what, prepare, said] of refused) {
    it(`are refused ${what}, and nothing is moved`, async () => {
      await bench.start();
      bench.build("blog", 1, linkVolumes([inner]));
      mkdirSync(tree("var/lib"), { recursive: true });
      prepare();
      assert.equal((await bench.client.call("build.step", { app: "blog", build: 1, step: 0 })).exit, 1);
      assert.match(buildLog(), said);
      assert.deepEqual(
        readdirSync("/tmp").filter((name) => name === "inner" || name === "volumes"),
        [],
      );
    });
  }
});

describe("a volume that is kept", () => {
  const shipped = { "media/a": "A", "media/deep/b": "B" };

  it("is filled once from what was shipped, and opened for writing", async () => {
    await bench.start();
    await build(shipped);
    chmodSync(tree(".hop3/volumes/media/a"), 0o400);
    chmodSync(tree(".hop3/volumes/media/deep"), 0o555);
    bench.release("blog", 1, {}, { volumes: [media] });
    assert.deepEqual({ ...(await make()), seconds: 0 }, done);
    assert.deepEqual([readFileSync(volume("a"), "utf8"), readFileSync(volume("deep/b"), "utf8")], ["A", "B"]);
    const mode = (path: string) => statSync(volume(path)).mode & 0o777;
    assert.deepEqual([mode(""), mode("a"), mode("deep")], [0o700, 0o600, 0o755]);
    writeFileSync(volume("a"), "changed");
    rmSync(volume("deep"), { recursive: true });
    assert.equal((await make()).exit, 0);
    assert.deepEqual([readFileSync(volume("a"), "utf8"), readdirSync(volume())], ["changed", ["a"]]);
    assert.deepEqual(volumes(), ["media"]);
  });

  it("begins empty where nothing was shipped, and is not filled later", async () => {
    await bench.start();
    await build({ serve: "" });
    bench.release("blog", 1, {}, { volumes: [media] });
    assert.equal((await make()).exit, 0);
    assert.deepEqual(readdirSync(volume()), []);
    mkdirSync(tree(".hop3/volumes/media"), { recursive: true });
    writeFileSync(tree(".hop3/volumes/media/late"), "");
    assert.equal((await make()).exit, 0);
    assert.deepEqual(readdirSync(volume()), []);
  });

  it("that could not be filled is not there, says why, and is filled by the next try", async () => {
    let isBroken = true;
    const fault = (point: string): void => {
      if (point === "volume-begun" && isBroken)
        rmSync(join(bench.layout.volumes("blog"), ".media"), { recursive: true });
    };
    await bench.start({ fault });
    await build(shipped);
    bench.release("blog", 1, {}, { volumes: [media] });
    const { exit, output } = await make();
    assert.equal(exit, 1);
    assert.match(output.join("\n"), /\.media.*No such file/);
    assert.deepEqual(volumes(), []);
    isBroken = false;
    assert.equal((await make()).exit, 0);
    assert.equal(readFileSync(volume("deep/b"), "utf8"), "B");
  });

  it("is no link and no file of another", async () => {
    await bench.start();
    await build(shipped);
    bench.release("blog", 1, {}, { volumes: [media] });
    mkdirSync(bench.layout.volumes("blog"));
    const begun = join(bench.layout.volumes("blog"), ".media");
    symlinkSync("/tmp", volume());
    await assert.rejects(make(), { code: "SUPERVISOR_REFUSED" });
    rmSync(volume());
    for (const wrong of [() => symlinkSync("/tmp", begun), () => writeFileSync(begun, "")]) {
      wrong();
      await assert.rejects(make(), { code: "SUPERVISOR_REFUSED" });
      rmSync(begun);
    }
    rmSync(bench.layout.volumes("blog"), { recursive: true });
    symlinkSync("/tmp", bench.layout.volumes("blog"));
    await assert.rejects(make(), { code: "SUPERVISOR_REFUSED" });
    assert.deepEqual(
      readdirSync("/tmp").filter((name) => name === "media" || name === ".media"),
      [],
    );
  });

  it("must be there when a process of its release starts", async () => {
    await bench.start();
    await build(shipped);
    bench.release("blog", 1, { worker: {} }, { volumes: [media] });
    await make();
    await bench.client.call("app.start", { app: "blog", release: 1 });
    assert.equal((await bench.client.call("app.await", { app: "blog", release: 1, timeout: 10 })).ready, true);
    await bench.client.call("app.cutover", { app: "blog", release: 1 });
    rmSync(volume(), { recursive: true });
    bench.release("blog", 2, { worker: {} }, { volumes: [media] });
    await bench.client.call("app.start", { app: "blog", release: 2 });
    const { ready, status } = await bench.client.call("app.await", { app: "blog", release: 2, timeout: 10 });
    assert.equal(ready, false);
    const failed = status.instances.find(({ release }) => release === 2);
    assert.match(failed?.lastExit ?? "", /Its volume media is not there/);
  });

  it("is told as refused where it needs walls that this mode has not", async () => {
    await bench.start();
    await build({ serve: "" });
    const asked: VolumeSpec[] = [
      { ...media, mode: "ro" },
      { name: "scratch", target: "b", mode: "rw", type: "tmpfs", bytes: 1024 * 1024 },
      { name: "host", target: "c", mode: "ro", type: "bind", source: "/srv" },
    ];
    bench.release("blog", 1, {}, { volumes: asked });
    assert.match((await make(1, 0)).refused ?? "", /The volume media is read-only, which needs system mode/);
    assert.match((await make(1, 1)).refused ?? "", /The volume scratch is a tmpfs, which needs system mode/);
    assert.match((await make(1, 2)).refused ?? "", /The volume host is a bind, which needs system mode/);
    assert.equal(existsSync(bench.layout.volumes("blog")), false);
  });
});

const done = { exit: 0, timedOut: false, canceled: false, lost: false, seconds: 0, output: [], refused: null };

describe("a supervisor that is killed while it fills a volume", () => {
  for (const point of ["volume-begun", "before-job", "after-job", "volume-filled", "volume-made"]) {
    it(`(${point}) leaves it whole or not there, and the next one makes it`, async () => {
      const first = spawn(process.execPath, dyingArgv(bench.layout, point, point.endsWith("job") ? 2 : 1), {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const died = once(first, "exit");
      await once(first.stdout, "data");
      await build({ "media/big": "x".repeat(20_000_000), "media/last": "L" });
      bench.release("blog", 1, {}, { volumes: [media] });
      await Promise.all([assert.rejects(make(), { code: "UNAVAILABLE" }), died]);
      const isMade = existsSync(volume());
      assert.equal(isMade, point === "volume-made");
      await bench.start();
      assert.deepEqual(benchProcesses(bench.layout.root), []);
      // The app's next deploy has another number; what was begun is of none.
      rmSync(tree(".hop3/volumes/media/big"));
      bench.release("blog", 2, {}, { volumes: [media] });
      await eventually(async () => (await make(2).catch(() => undefined))?.exit === 0, "it is made");
      assert.deepEqual(readdirSync(volume()), isMade ? ["big", "last"] : ["last"]);
      assert.deepEqual([readFileSync(volume("last"), "utf8"), volumes()], ["L", ["media"]]);
    });
  }

  it("leaves no part of what a release ships when the next one ships nothing", async () => {
    const first = spawn(process.execPath, dyingArgv(bench.layout, "volume-filled"), {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const died = once(first, "exit");
    await once(first.stdout, "data");
    await build({ "media/a": "A" });
    bench.release("blog", 1, {}, { volumes: [media] });
    await Promise.all([assert.rejects(make(), { code: "UNAVAILABLE" }), died]);
    await bench.start();
    rmSync(tree(".hop3"), { recursive: true });
    bench.release("blog", 2, {}, { volumes: [media] });
    await eventually(async () => (await make(2).catch(() => undefined))?.exit === 0, "it is made");
    assert.deepEqual(readdirSync(volume()), []);
  });
});

describe("a canceled filling", () => {
  it("ends with all that it has begun, and is no volume", async () => {
    await bench.start({ limits: { ports: { first: 30_500, last: 31_499 } } });
    await build({ "media/big": "x".repeat(200_000_000) });
    bench.release("blog", 1, {}, { volumes: [media] });
    const making = make();
    await eventually(() => existsSync(join(bench.layout.volumes("blog"), ".media", "big")), "it copies");
    assert.deepEqual(await bench.client.call("job.cancel", { app: "blog" }), { canceled: true });
    assert.deepEqual([(await making).canceled, existsSync(volume())], [true, false]);
    assert.deepEqual(benchProcesses(bench.layout.root), []);
  });
});
