/** What an app may have on the disk, kept by counting: real users, walls, `du` and supervisor. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { eventually } from "./bench.ts";
import { makeCgroup } from "./cgroup/cgroup.ts";
import { blogUid, makeWalledBench, withoutSystemMode, type WalledBench } from "./testing-walled.ts";

const mebi = 1024 * 1024;
const limits = { app: { disk: 16 * mebi, inodes: 2000 }, types: {} };

describe("an app with too much on the disk", { skip: withoutSystemMode() }, () => {
  let bench: WalledBench;
  beforeEach(async () => {
    bench = await makeWalledBench();
    bench.env["DATA"] = bench.layout.appData("blog");
    await bench.walled();
  });
  afterEach(() => bench.clean());

  const status = async () => (await bench.client.call("status", {})).apps[0] ?? assert.fail();
  const members = () => makeCgroup(bench.tree, ["apps", String(blogUid)]).members();
  async function live(command: string): Promise<void> {
    bench.release("blog", 1, { worker: { command, stopTimeout: 1 } }, { limits });
    await bench.client.call("app.start", { app: "blog", release: 1 });
    await bench.client.call("app.await", { app: "blog", release: 1, timeout: 15 });
    await bench.client.call("app.cutover", { app: "blog", release: 1 });
  }
  // Where others remove files meanwhile the file system does not grow, and it is found by the count of each minute.
  const held = (what: RegExp) =>
    eventually(async () => what.test((await status()).held ?? ""), `it is held: ${what.source}`, 90_000);
  const resume = () => bench.client.call("app.resume", { app: "blog", timeout: 15 });

  it("is ended and told, is not started again, and is when it has less", async () => {
    await live('sleep 3; head -c 30M /dev/zero >"$DATA/heap"; exec sleep 1000');
    await held(/^it has 30M on the disk, and may have 16M\.$/);
    await eventually(async () => (await status()).stopped && members().length === 0, "nothing of it runs");
    await assert.rejects(resume(), { code: "DISK_LIMIT", message: /blog is held back: it has 30M on the disk/ });
    bench.build("blog", 1, [{ argv: ["/bin/true"] }], { limits });
    const step = bench.client.call("build.step", { app: "blog", build: 1, step: 0 });
    await assert.rejects(step, { code: "DISK_LIMIT" });
    rmSync(join(bench.layout.appData("blog"), "heap"));
    assert.equal((await resume()).ready, true);
    assert.equal((await status()).held, undefined);
  });

  it("may go on with a release that may have more", async () => {
    await live('head -c 30M /dev/zero >"$DATA/heap"; exec sleep 1000');
    await held(/30M/);
    const more = { app: { disk: 64 * mebi }, types: {} };
    bench.release("blog", 2, { worker: { command: "exec sleep 1000" } }, { limits: more });
    await bench.client.call("app.start", { app: "blog", release: 2 });
    await bench.client.call("app.await", { app: "blog", release: 2, timeout: 15 });
    await bench.client.call("app.cutover", { app: "blog", release: 2 });
    await eventually(async () => (await status()).held === undefined, "it is not held");
    assert.equal((await status()).stopped, false);
  });

  for (const [how, command] of [
    ["in a folder that nobody may look into", 'mkdir "$DATA/x"; head -c 30M /dev/zero >"$DATA/x/y"; chmod 0 "$DATA/x"'],
    ["in a file that has no name any more", 'exec 3>"$DATA/x"; rm "$DATA/x"; head -c 30M /dev/zero >&3'],
  ] as const) {
    it(`is found when it has it ${how}`, async () => {
      await live(`${command}; exec sleep 1000`);
      await held(/^it has 30M on the disk/);
    });
  }

  it("is found when it has too many files", async () => {
    await live('cd "$DATA"; mkdir many; cd many; seq 3000 | xargs touch; exec sleep 1000');
    await held(/^it has 3\d{3} files and folders, and may have 2000\.$/);
    assert.equal(readdirSync(join(bench.layout.appData("blog"), "many")).length, 3000);
  });

  it("gets no volume filled while it has too much", async () => {
    await live('head -c 30M /dev/zero >"$DATA/heap"; exec sleep 1000');
    await held(/30M/);
    const volumes = [{ name: "media", target: "media", mode: "rw", type: "persist" }] as const;
    bench.release("blog", 2, {}, { limits, volumes });
    const making = bench.client.call("release.volume", { app: "blog", release: 2, volume: 0 });
    await assert.rejects(making, { code: "DISK_LIMIT", message: /blog is held back: it has 30M on the disk/ });
    assert.equal(existsSync(bench.layout.volumes("blog")), false);
  });

  it("is ended while it builds, and who asked for the build is told why", async () => {
    const fill = "head -c 30M /dev/zero >heap; exec sleep 1000";
    bench.build("blog", 1, [{ argv: ["/bin/sh", "-c", fill], timeout: 60 }], { limits });
    const step = bench.client.call("build.step", { app: "blog", build: 1, step: 0 });
    await assert.rejects(step, { code: "DISK_LIMIT", message: /blog was ended: it has 30M on the disk/ });
    assert.deepEqual(members(), []);
  });
});
