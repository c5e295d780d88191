/** What runs once, in system mode: every stage of an app's code runs as that app, behind its walls, and leaves nothing. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { eventually, serverCommand } from "./bench.ts";
import { listCgroups, makeCgroup } from "./cgroup/cgroup.ts";
import { testIds } from "./system-testing.ts";
import { joinSession } from "./testing-session.ts";
import { blogUid, makeWalledBench, withoutSystemMode, type WalledBench } from "./testing-walled.ts";

/** Tells who it is, and what of three places it may write. */
const tell = [
  'id -u; id -G; echo "$SECRET"; pwd',
  'for place in "$TREE" "$DATA" "$CACHE"; do (: >"$place/written") 2>/dev/null && echo yes || echo no; done',
  "grep -c . /proc/self/environ >/dev/null; ls /proc | grep -c '^[0-9]'; ls /root /home 2>&1 | head -1",
].join("; ");

/** Its own, and that of all apps, which may not look at the network (walls/sight.ts). */
const groupsOfBlog = `${blogUid} ${testIds.apps}`;

describe("in system mode", { skip: withoutSystemMode() }, () => {
  let bench: WalledBench;
  beforeEach(async () => {
    bench = await makeWalledBench();
    const { layout } = bench;
    Object.assign(bench.env, {
      SECRET: "it's $HOME",
      TREE: layout.buildTree("blog", 1),
      DATA: layout.appData("blog"),
      CACHE: layout.appCache("blog"),
    });
    await bench.walled();
  });
  afterEach(() => bench.clean());

  const log = (): string => readFileSync(bench.layout.buildLog("blog", 1), "utf8").replaceAll(/^\S+ out /gm, "");
  const nothingLeft = () =>
    eventually(
      () =>
        listCgroups(bench.tree, ["apps", String(blogUid)]).length === 0 &&
        makeCgroup(bench.tree, ["apps", String(blogUid)]).members().length === 0,
      "no cgroup and no process is left",
    );
  const live = async (more: Parameters<WalledBench["release"]>[3], web?: string): Promise<void> => {
    bench.release("blog", 1, web === undefined ? {} : { web: { command: web } }, more);
    await bench.client.call("app.start", { app: "blog", release: 1 });
    if (web !== undefined) await bench.client.call("app.await", { app: "blog", release: 1, timeout: 15 });
    await bench.client.call("app.cutover", { app: "blog", release: 1 });
  };

  it("a build step writes its tree and cache, and sees no data of the app", async () => {
    bench.build("blog", 1, [{ argv: ["/bin/sh", "-c", `${tell}; exit 4`] }]);
    assert.equal((await bench.client.call("build.step", { app: "blog", build: 1, step: 0 })).exit, 4);
    const [uid, groups, secret, cwd, tree, data, cache, , hidden] = log().split("\n");
    assert.deepEqual([uid, groups, secret, cwd], [String(blogUid), groupsOfBlog, "it's $HOME", bench.env["TREE"]]);
    assert.deepEqual([tree, data, cache], ["yes", "no", "yes"]);
    assert.match(hidden ?? "", /No such file/);
    await nothingLeft();
  });

  it("a build without a network is in an empty one of its own, and the next one finds its cache", async () => {
    const script = `readlink /proc/self/ns/net; tail -n +3 /proc/net/tcp 2>/dev/null | wc -l; cat "$CACHE/kept"; echo once >"$CACHE/kept"`;
    const steps = [{ argv: ["/bin/sh", "-c", script] }];
    const built = async (more: { network?: false }): Promise<string[]> => {
      const before = existsSync(bench.layout.buildLog("blog", 1)) ? log().length : 0;
      bench.build("blog", 1, steps, more);
      assert.equal((await bench.client.call("build.step", { app: "blog", build: 1, step: 0 })).exit, 0);
      return log().slice(before).split("\n");
    };
    const outside = readlinkSync(`/proc/${bench.children[0]?.pid}/ns/net`);
    const [alone, connections] = await built({ network: false });
    assert.match(alone ?? "", /^net:/);
    assert.notEqual(alone, outside);
    assert.equal(connections, "0");
    const [shared, , kept] = await built({});
    assert.deepEqual([shared, kept], [outside, "once"]);
    await nothingLeft();
  });

  it("a release command writes the data, and not the tree", async () => {
    bench.release("blog", 1, {}, { hooks: [{ name: "release", command: tell, timeout: 20 }] });
    assert.equal((await bench.client.call("release.hook", { app: "blog", release: 1, hook: 0 })).exit, 0);
    const [uid, , , , tree, data, cache] = log().split("\n");
    assert.deepEqual([uid, tree, data, cache], [String(blogUid), "no", "yes", "no"]);
    await nothingLeft();
  });

  it("a health command reaches the socket of the instance that it asks after", async () => {
    const ask = `exec node -e "require('http').get({socketPath: process.env.HOP3_SOCKET}, (r) => r.pipe(process.stdout))"`;
    await live({ probe: { command: `id -u; ${ask}`, timeout: 20 } }, serverCommand("unix", "served"));
    const { apps } = await bench.client.call("status", {});
    const instance = apps[0]?.instances[0]?.id ?? assert.fail();
    const { exit, output } = await bench.client.call("app.probe", { app: "blog", release: 1, instance });
    assert.equal(exit, 0, output.join());
    assert.match(output.join(), new RegExp(`^${blogUid},served \\d+$`));
  });

  it("a cron job runs as the app, with a log of its own", async () => {
    const job = { name: "tell", schedule: "0 0 1 1 *", timeZone: "UTC", overlap: "forbid", timeout: 20 } as const;
    await live({ cron: [{ ...job, command: `${tell}; exit 3` }] });
    const { run } = await bench.client.call("cron.start", { app: "blog", job: "tell" });
    const ended = await bench.client.call("cron.await", { app: "blog", job: "tell", run, timeout: 20 });
    assert.deepEqual([ended.over, ended.run.exit], [true, 3]);
    const logs = join(bench.layout.appLogs("blog"), "cron.tell");
    const [name = ""] = readdirSync(logs);
    const [uid, , , , tree, data] = readFileSync(join(logs, name, "1"), "utf8")
      .replaceAll(/^\S+ out /gm, "")
      .split("\n");
    assert.deepEqual([uid, tree, data], [String(blogUid), "no", "yes"]);
    await nothingLeft();
  });

  for (const terminal of [null, { columns: 90, rows: 25 }]) {
    it(`a one-off command ${terminal === null ? "with pipes" : "with a terminal"} runs as the app, and its client may be told`, async () => {
      await live({});
      const size = terminal === null ? "true" : "stty size";
      const client = await joinSession(bench, 1, { argv: ["/bin/sh", "-c", `${size}; ${tell}; exit 9`], terminal });
      assert.deepEqual(await client.last, { type: "exit", code: 9 }, client.said.stderr);
      const said = client.said.stdout.replaceAll("\r", "").split("\n");
      if (terminal !== null) assert.equal(said.shift(), "25 90");
      const [uid, groups, secret, cwd, tree, data] = said;
      assert.deepEqual([uid, groups, secret, cwd], [String(blogUid), groupsOfBlog, "it's $HOME", bench.env["TREE"]]);
      assert.deepEqual([tree, data], ["no", "yes"]);
      await nothingLeft();
      assert.deepEqual(readdirSync(bench.layout.sessionSockets), []);
    });
  }

  it("what daemonises and drops its environment ends with its job and with its session", async () => {
    const stray = "env -i /usr/bin/setsid /bin/sh -c 'sleep 1000 &'";
    bench.build("blog", 1, [{ argv: ["/bin/sh", "-c", stray] }]);
    assert.equal((await bench.client.call("build.step", { app: "blog", build: 1, step: 0 })).exit, 0);
    await nothingLeft();
    await live({});
    const client = await joinSession(bench, 1, { argv: ["/bin/sh", "-c", `${stray}; echo up; sleep 1000`] });
    await client.until("up");
    client.socket.destroy();
    await nothingLeft();
  });

  it("a job that is stopped for its time goes whole, and one that uses its memory up says so", async () => {
    const hog = `exec node -e "const all = []; setInterval(() => all.push(Buffer.alloc(8e6, 1)), 5)"`;
    bench.build("blog", 1, [
      { argv: ["/bin/sh", "-c", "(setsid sleep 1000 &); sleep 1000"], timeout: 0.5 },
      { argv: ["/bin/sh", "-c", hog] },
    ]);
    const late = await bench.client.call("build.step", { app: "blog", build: 1, step: 0 });
    assert.deepEqual([late.exit, late.timedOut], [null, true]);
    await nothingLeft();
    assert.equal((await bench.client.call("build.step", { app: "blog", build: 1, step: 1 })).exit, 137);
    assert.match(log(), /sys ran out of memory \(128M\)/);
    await nothingLeft();
  });

  it("a build that was under way when the supervisor was killed is ended by the next", async () => {
    bench.build("blog", 1, [{ argv: ["/bin/sh", "-c", `: >"$TREE/begun"; exec sleep 1000`] }]);
    const asked = assert.rejects(bench.client.call("build.step", { app: "blog", build: 1, step: 0 }));
    await eventually(() => existsSync(join(bench.layout.buildTree("blog", 1), "begun")), "it runs");
    bench.children.at(-1)?.kill("SIGKILL");
    await asked;
    await bench.walled();
    await nothingLeft();
    assert.equal((await bench.client.call("build.step", { app: "blog", build: 1, step: 0 })).lost, true);
  });
});
