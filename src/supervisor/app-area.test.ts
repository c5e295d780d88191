/** An app's whole life on a host: real users (in files of their own), directories, cgroups and rules; killed at each step. */
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { layoutOf, type Layout } from "#core/layout.ts";
import { AppArea } from "./app-area.ts";
import { appUserRange, openAppUsers } from "./app-users.ts";
import { makeCgroup, openTree } from "./cgroup/cgroup.ts";
import { detectCgroups } from "./cgroup/detect.ts";
import { noLimits } from "./cgroup/versions.ts";
import { wallClock } from "./clock.ts";
import { hostTool, type HostTool } from "./host-tool.ts";
import { wallArgv } from "./walls/argv.ts";
import { readHostView } from "./walls/host-view.ts";
import { loopbackGuard } from "./walls/loopback-guard.ts";
import { netCgroup } from "./walls/loopback.ts";
import { releaseWall } from "./walls/specs.ts";
import { withoutCgroups, withoutWalls } from "./walls/testing.ts";

const hop3 = 65_533;
const skip = withoutWalls() || withoutCgroups("/usr/sbin/nft", "/usr/sbin/useradd");

describe("what an app has of its host", { skip }, () => {
  const found = detectCgroups(`hop3-area-${process.pid}`);
  assert.ok(found !== undefined);
  const tree = found;
  let root: string;
  let layout: Layout;
  let network: ChildProcess;

  beforeEach(() => {
    openTree(tree, process.pid);
    root = mkdtempSync(join(tmpdir(), "hop3-area-"));
    chmodSync(root, 0o755);
    layout = layoutOf({ root, run: join(root, "run") });
    for (const path of [layout.apps, layout.supervisor, layout.runtimes, join(root, "etc")]) mkdirSync(path);
    for (const name of ["passwd", "group", "shadow", "gshadow"]) writeFileSync(join(root, "etc", name), "");
    writeFileSync(join(root, "etc/login.defs"), "");
    network = spawn("/usr/bin/unshare", ["--net", "/bin/sh", "-c", "echo up; exec sleep 1000"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    return new Promise<void>((resolve) => network.stdout?.once("data", () => resolve()));
  });
  afterEach(async () => {
    network.kill("SIGKILL");
    const top = makeCgroup(tree, []);
    await top.kill(wallClock);
    assert.equal(await top.remove(wallClock), true);
    rmSync(root, { recursive: true });
  });

  const nft: HostTool = (argv, input) =>
    hostTool(["/usr/bin/nsenter", `--net=/proc/${network.pid}/ns/net`, ...argv], input);
  /** As a supervisor that has just started, which dies at `point`. */
  const open = (point?: string): AppArea => {
    const fault = (at: string): void => {
      if (at === point) throw new Error(`killed at ${at}`);
    };
    const all = netCgroup(makeCgroup(tree, ["apps"]).unified, tree.top);
    assert.ok(all !== undefined);
    return new AppArea({
      layout,
      hop3,
      files: 65_531,
      apps: 65_530,
      users: openAppUsers({ file: join(layout.supervisor, "users.json"), tool: hostTool, prefix: root, fault }),
      host: readHostView(),
      filter: null,
      programs: [],
      ceiling: noLimits,
      tree,
      guard: loopbackGuard({ range: appUserRange, all, tool: nft, clock: wallClock, log: () => undefined }),
      tool: hostTool,
      clock: wallClock,
      fault,
    });
  };
  const upload = (): string => {
    const path = layout.buildUpload("shop", 1);
    mkdirSync(path, { mode: 0o700 });
    writeFileSync(join(path, "run.sh"), '#!/bin/sh\nid -u; echo kept >"$1/kept"; echo x >new || echo sealed\n', {
      mode: 0o755,
    });
    for (const one of [path, join(path, "run.sh")]) chownSync(one, hop3, hop3);
    return path;
  };
  const leftOvers = async () => ({
    users: readFileSync(join(root, "etc/passwd"), "utf8") + readFileSync(join(root, "etc/group"), "utf8"),
    apps: readdirSync(layout.apps),
    names: existsSync(join(layout.supervisor, "walls")) ? readdirSync(join(layout.supervisor, "walls")) : [],
    cgroups: readdirSync(makeCgroup(tree, ["apps"]).unified ?? "").filter((name) => /^\d/.test(name)),
    rules: /7000\d/.test((await nft(["/usr/sbin/nft", "list", "map", "inet", "hop3", "senders"])).stdout),
  });
  const nothing = { users: "", apps: [], names: [], cgroups: [], rules: false };

  it("is made, used by its release behind the walls, and gone without a trace", async () => {
    const area = open();
    await area.make("shop");
    area.makeBuild("shop", 1);
    upload();
    await area.take("shop", 1);
    assert.equal(statSync(layout.buildTree("shop", 1)).mode & 0o777, 0o755, "hop3d looks it through");
    await area.seal("shop", 1);
    const leaf = area.leaf("shop", "abcd1234");
    const walls = area.walls("shop", { cgroups: leaf.joins, openFiles: 1024, temporary: 1 << 24 });
    const [file = "", ...args] = wallArgv(releaseWall(walls, { build: 1, cwd: ".", volumes: [] }, []), readHostView());
    const run = [...args, "./run.sh", layout.appData("shop")];
    const done = spawnSync(file, run, { encoding: "utf8", env: { PATH: "/usr/bin:/bin" }, cwd: "/" });
    assert.equal(done.stdout, "70000\nsealed\n", done.stderr);
    assert.equal(statSync(join(layout.appData("shop"), "kept")).uid, 70_000);
    assert.equal((await leftOvers()).rules, true);
    // As an operator does it who brings data back.
    mkdirSync(join(layout.appData("shop"), "root's/inner"), { recursive: true, mode: 0o700 });
    // As hop3d does it, and a build that made itself hard to remove.
    writeFileSync(layout.buildRecord("shop", 1), "{}");
    await area.remove("shop");
    assert.deepEqual(await leftOvers(), nothing);
    await area.remove("shop");
  });

  it("is gone with its volumes, whatever it has made of them, one that was being filled among them", async () => {
    const area = open();
    await area.make("shop");
    for (const name of ["media", ".new"]) {
      area.makeVolume("shop", name);
      const inner = join(layout.volume("shop", name), "closed");
      mkdirSync(join(inner, "deep"), { recursive: true });
      for (const path of [join(inner, "deep"), inner]) {
        chownSync(path, 70_000, 70_000);
        chmodSync(path, 0);
      }
    }
    await area.remove("shop");
    assert.deepEqual(await leftOvers(), nothing);
  });

  it("a build goes with the places that its walls had made in its /tmp, for a root that lies there", async () => {
    const area = open();
    await area.make("shop");
    area.makeBuild("shop", 1);
    mkdirSync(join(layout.buildTemporary("shop", 1), "root/apps"), { recursive: true });
    await area.removeBuild("shop", 1, true);
    assert.deepEqual(readdirSync(layout.build("shop", 1)), []);
    area.makeBuild("shop", 1);
    mkdirSync(join(layout.buildTemporary("shop", 1), "root/apps"), { recursive: true });
    await area.removeBuild("shop", 1, false);
    assert.equal(existsSync(layout.build("shop", 1)), false);
  });

  it("of two apps: the one goes, the other stays as it is", async () => {
    const area = open();
    await area.make("shop");
    await area.make("blog");
    await area.remove("shop");
    const left = await leftOvers();
    assert.deepEqual([left.apps, left.cgroups, left.rules], [["blog"], ["70001"], true]);
  });

  for (const point of ["user-noted", "group-made", "user-made", "folders-made"]) {
    it(`is whole when its making ended at ${point} and was tried again`, async () => {
      await assert.rejects(open(point).make("shop"), { message: `killed at ${point}` });
      const next = open();
      await next.make("shop");
      next.makeBuild("shop", 1);
      upload();
      await next.take("shop", 1);
      await next.remove("shop");
      assert.deepEqual(await leftOvers(), nothing);
    });
  }

  for (const point of ["data-removed", "folders-removed", "user-removed", "group-removed"]) {
    it(`is gone when its removal ended at ${point} and was tried again`, async () => {
      const area = open();
      await area.make("shop");
      area.makeBuild("shop", 1);
      upload();
      await area.take("shop", 1);
      await assert.rejects(open(point).remove("shop"), { message: `killed at ${point}` });
      await open().remove("shop");
      assert.deepEqual(await leftOvers(), nothing);
    });
  }

  it("takes an upload anew that was taken by half", async () => {
    const area = open();
    await area.make("shop");
    area.makeBuild("shop", 1);
    upload();
    await assert.rejects(open("tree-filled").take("shop", 1), /tree-filled/);
    writeFileSync(join(layout.buildTree("shop", 1), "stale"), "");
    chownSync(join(layout.buildTree("shop", 1), "stale"), 70_000, 70_000);
    await open().take("shop", 1);
    assert.deepEqual(readdirSync(layout.buildTree("shop", 1)), ["run.sh"]);
  });

  it("does not take what hop3d itself may not read", async () => {
    const area = open();
    await area.make("shop");
    area.makeBuild("shop", 1);
    const from = upload();
    writeFileSync(join(from, "key"), "key\n", { mode: 0o600 });
    await assert.rejects(area.take("shop", 1), /Permission denied/);
    const taken = join(layout.buildTree("shop", 1), "key");
    assert.ok(!existsSync(taken) || readFileSync(taken, "utf8") === "");
  });

  it("is unknown for an app that was never made", () => {
    assert.throws(() => open().leaf("shop", "abcd1234"), { code: "unknown" });
  });
});
