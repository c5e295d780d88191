/** Volumes in system mode: whose they are, what of them each stage of an app sees behind its walls, and what it may do. */
import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { ReleaseRecord } from "#core/records.ts";
import type { VolumeSpec } from "#core/volume.ts";
import { eventually } from "../bench.ts";
import { joinSession } from "../testing-session.ts";
import { blogUid, makeWalledBench, withoutSystemMode, type WalledBench } from "../testing-walled.ts";
import { linkVolumes } from "./link-volumes.ts";

const media: VolumeSpec = { name: "media", target: "media", mode: "rw", type: "persist" };
const mebi = 1024 * 1024;

describe("volumes in system mode", { skip: withoutSystemMode() }, () => {
  let bench: WalledBench;
  let host: string;
  beforeEach(async () => {
    bench = await makeWalledBench();
    host = mkdtempSync("/var/lib/hop3-test-");
    chmodSync(host, 0o755);
  });
  afterEach(async () => {
    await bench.clean();
    rmSync(host, { recursive: true });
  });

  const volume = (path = "") => join(bench.layout.volume("blog", "media"), path);
  const make = (release = 1, index = 0) => bench.client.call("release.volume", { app: "blog", release, volume: index });
  const allow = (text: string) => writeFileSync(join(bench.layout.root, "etc/bind-volumes"), text, { mode: 0o644 });

  /** A build that makes these files, and is linked and sealed, as the app. */
  async function build(volumes: readonly VolumeSpec[], script: string): Promise<void> {
    const seal = `chmod -R a-w .`;
    const [link] = linkVolumes(volumes);
    bench.build("blog", 1, [{ argv: ["/bin/sh", "-c", script] }, link ?? {}, { argv: ["/bin/sh", "-c", seal] }]);
    for (const step of [0, 1, 2]) {
      const { exit } = await bench.client.call("build.step", { app: "blog", build: 1, step });
      assert.equal(exit, 0, readFileSync(bench.layout.buildLog("blog", 1), "utf8"));
    }
  }

  function release(volumes: readonly VolumeSpec[], hook: string, more: Partial<ReleaseRecord> = {}, number = 1): void {
    const hooks = [{ name: "release", command: `exec 2>&1; ${hook}`, timeout: 20 }];
    bench.release("blog", number, {}, { volumes, hooks, ...more });
  }
  async function hook(number = 1): Promise<string> {
    const before = log().length;
    await bench.client.call("release.hook", { app: "blog", release: number, hook: 0 });
    return log()
      .slice(before)
      .replaceAll(/^\S+ (out|err) /gm, "")
      .trim();
  }
  const log = () => readFileSync(bench.layout.buildLog("blog", 1), "utf8");

  it("one that is kept is filled as the app, and is what each stage writes and no build sees", async () => {
    await bench.walled();
    await build(
      [media],
      'mkdir -p media/deep; echo A >media/a; echo B >media/deep/b; ls -d "$APPS"/blog/volumes 2>&1 | head -1',
    );
    assert.match(log(), /No such file/);
    const cron = { name: "tidy", schedule: "0 0 1 1 *", timeZone: "UTC", overlap: "forbid", timeout: 20 } as const;
    release([media], "echo hook >>media/log; cat media/a media/deep/b", {
      cron: [{ ...cron, command: "echo cron >>media/log" }],
    });
    const record = JSON.parse(readFileSync(bench.layout.releaseRecord("blog", 1), "utf8")) as ReleaseRecord;
    const worker = {
      command: "echo worker >>media/log; exec sleep 1000",
      count: 1,
      listens: "none",
      startTimeout: 10,
      stopTimeout: 5,
    } as const;
    writeFileSync(bench.layout.releaseRecord("blog", 1), JSON.stringify({ ...record, processes: { worker } }));
    const made = await make();
    assert.deepEqual([made.exit, made.refused], [0, null], made.output.join("\n"));
    for (const path of ["", "a", "deep"]) assert.equal(statSync(volume(path)).uid, blogUid, path);
    assert.deepEqual([statSync(volume()).mode & 0o777, statSync(bench.layout.volumes("blog")).uid], [0o700, 0]);
    assert.equal(await hook(), "A\nB");
    await bench.client.call("app.start", { app: "blog", release: 1 });
    await bench.client.call("app.await", { app: "blog", release: 1, timeout: 15 });
    await bench.client.call("app.cutover", { app: "blog", release: 1 });
    // Up is what runs for a moment, which on a busy machine is before its walls stand.
    await eventually(() => readFileSync(volume("log"), "utf8").includes("worker"), "the worker has written");
    const { run } = await bench.client.call("cron.start", { app: "blog", job: "tidy" });
    await bench.client.call("cron.await", { app: "blog", job: "tidy", run, timeout: 20 });
    const client = await joinSession(bench, 1, { argv: ["/bin/sh", "-c", "echo person >>media/log"] });
    assert.deepEqual(await client.last, { type: "exit", code: 0 }, client.said.stderr);
    assert.deepEqual(readFileSync(volume("log"), "utf8"), "hook\nworker\ncron\nperson\n");
    const { parts } = await bench.client.call("app.usage", { app: "blog" });
    assert.equal(parts.volumes?.files, 6);
  });

  it("one that is read-only cannot be written, nor opened for it by its owner", async () => {
    await bench.walled();
    const readOnly = { ...media, mode: "ro" } as const;
    await build([readOnly], "mkdir media; echo A >media/a");
    release(
      [readOnly],
      "cat media/a; chmod 777 media media/a; echo B >media/a; rm media/a; touch media/b; cat media/a",
    );
    assert.equal((await make()).exit, 0);
    const said = await hook();
    assert.match(said, /^A\n(.*Read-only file system\n){5}A$/);
    assert.deepEqual(readdirSync(volume()), ["a"]);
  });

  it("memory is bounded, each run's own, nothing on the disk, and less than what the app has", async () => {
    await bench.walled();
    const scratch = (size: number): VolumeSpec => ({
      name: "scratch",
      target: "tmp/scratch",
      mode: "rw",
      type: "tmpfs",
      bytes: size,
    });
    await build([scratch(4 * mebi)], "true");
    release(
      [scratch(4 * mebi)],
      "ls tmp/scratch; dd if=/dev/zero of=tmp/scratch/a bs=1M count=3 2>&1 | tail -1 | cut -d' ' -f1; dd if=/dev/zero of=tmp/scratch/b bs=1M count=3 2>&1 | head -1; id -u",
    );
    assert.deepEqual([(await make()).refused, existsSync(bench.layout.volumes("blog"))], [null, false]);
    for (let turn = 0; turn < 2; turn += 1) {
      const [copied, full, uid] = (await hook()).split("\n");
      assert.deepEqual([copied, uid], ["3145728", String(blogUid)]);
      assert.match(full ?? "", /No space left on device/);
    }
    // It is the app's memory: with what it has itself it is more than it may take. The bench's ceiling is 128 MiB.
    const fill = "dd if=/dev/zero of=tmp/scratch/a bs=1M count=95 2>&1 | tail -1 | cut -d' ' -f1";
    release([scratch(100 * mebi)], `${fill}; node -e "Buffer.alloc(60e6, 1)"; echo ended $?`, {}, 3);
    assert.match(await hook(3), /^99614720\n(Killed\n)?ended 137$/m);
    release([scratch(128 * mebi)], "true", {}, 2);
    assert.match((await make(2)).refused ?? "", /may take 128M of memory, which is not less than the 128M that it has/);
    await assert.rejects(bench.client.call("release.hook", { app: "blog", release: 2, hook: 0 }), {
      code: "SUPERVISOR_REFUSED",
    });
  });

  it("a directory of the server is had when root has listed it, read-only when it says so, and only as long", async () => {
    await bench.walled();
    mkdirSync(join(host, "shared"));
    writeFileSync(join(host, "shared/a"), "A\n");
    chownSync(join(host, "shared"), blogUid, blogUid);
    const bound = (mode: "rw" | "ro"): VolumeSpec => ({
      name: "host",
      target: "host",
      mode,
      type: "bind",
      source: join(host, "shared"),
    });
    await build([bound("rw")], "true");
    const command = "cat host/a; echo B >host/b; ls ../../../..";
    release([bound("rw")], command);
    assert.match(
      (await make()).refused ?? "",
      /Its volume host: .*\/shared cannot be bound: .*\/etc\/bind-volumes does not name it/,
    );
    await assert.rejects(bench.client.call("release.hook", { app: "blog", release: 1, hook: 0 }), {
      code: "SUPERVISOR_REFUSED",
    });
    allow(`${host}\n`);
    assert.equal((await make()).refused, null);
    assert.equal(await hook(), "A\nblog");
    assert.equal(statSync(join(host, "shared/b")).uid, blogUid);
    release([bound("ro")], command, {}, 2);
    assert.match(await hook(2), /^A\n.*Read-only file system\nblog$/);
    // Between the release and its use: no longer allowed, or another thing by the same name.
    for (const change of [() => allow("/srv\n"), () => (allow(`${host}\n`), chmodSync(host, 0o777))]) {
      change();
      await assert.rejects(bench.client.call("release.hook", { app: "blog", release: 1, hook: 0 }), {
        code: "SUPERVISOR_REFUSED",
      });
    }
  });

  it("links in a tree lead nowhere that the walls do not show, when a volume is filled too", async () => {
    await bench.walled();
    await build(
      [media],
      "mkdir media; echo A >media/a; ln -s /etc/shadow media/shadow; ln -s ../../../../../../../supervisor media/up",
    );
    release([media], "cat media/shadow media/up/desired.json; ls -l media/ | grep -c ^l");
    assert.equal((await make()).exit, 0);
    assert.match(await hook(), /^(.*No such file or directory\n){2}2$/);
  });

  for (const point of ["volume-begun", "after-job", "volume-filled", "volume-made"]) {
    it(`killed at ${point}, a volume is whole or not there, and the next supervisor makes it the app's`, async () => {
      await bench.walled();
      await build([media], "mkdir media; head -c 5000000 /dev/zero >media/big; echo L >media/last");
      bench.children.at(-1)?.kill("SIGKILL");
      await eventually(
        async () => (await bench.client.call("status", {}).catch(() => undefined)) === undefined,
        "it died",
      );
      const { child } = await bench.walled(point);
      release([media], "cat media/last");
      await eventually(async () => {
        await make().catch(() => undefined);
        return child.exitCode !== null || child.signalCode !== null;
      }, "it dies");
      assert.equal(existsSync(volume()), point === "volume-made");
      await bench.walled();
      release([media], "cat media/last", {}, 2);
      await eventually(async () => (await make(2).catch(() => undefined))?.exit === 0, "it is made");
      assert.deepEqual(
        [readdirSync(bench.layout.volumes("blog")), readdirSync(volume())],
        [["media"], ["big", "last"]],
      );
      assert.deepEqual([statSync(volume()).uid, statSync(volume("big")).size], [blogUid, 5_000_000]);
      assert.equal(await hook(2), "L");
    });
  }
});
