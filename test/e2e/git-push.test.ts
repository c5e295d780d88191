/** git push by the real git over HTTP: what a person sees, and what is left when something goes wrong. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { apiPrefix } from "#core/api/prefix.ts";
import { assertAnswers, eventually } from "./apps.ts";
import { gatedApp } from "./faulty/gated-app.ts";
import { killHop3d } from "./faulty/interruption.ts";
import { haltAt } from "./faulty/points.ts";
import { unrest } from "./faulty/remains.ts";
import { watchEdge } from "./faulty/watch-edge.ts";
import { type Git, gitIn } from "./git-client.ts";
import { createToken, revokeToken } from "#store/tokens.ts";
import { createUser } from "#store/users.ts";
import { withStore } from "./people.ts";
import { processesOf, startPlatform, type RunningPlatform } from "./platform.ts";

let on: RunningPlatform;
before(async () => {
  on = await startPlatform({ supervisor: join(import.meta.dirname, "faulty/supervisor.ts") });
});
after(() => on.stop());

const address = (app: string, token = on.token) =>
  `${on.apiUrl.replace(apiPrefix, "").replace("//", `//git:${token}@`)}/git/${app}.git`;

let trees = 0;
/** A work tree with the remote `hop3`, and the app's first version committed. */
async function work(app: string, version = "v1"): Promise<Git> {
  const git = await gitIn(join(on.base, "trees", String((trees += 1))));
  await git.must("remote", "add", "hop3", address(app));
  await git.commit(gatedApp(on.base, version));
  return git;
}

const serves = (app: string, version: string) =>
  assertAnswers(on.edge(app), { path: "/", status: 200, contains: version });
const tip = async (git: Git, ref = "refs/heads/main") => (await git.must("ls-remote", "hop3", ref)).split("\t")[0];
const atRest = async () => {
  let wrong: string | undefined;
  await eventually("the platform is at rest", async () => (wrong = await unrest(on)) === undefined, 20_000).catch(() =>
    assert.fail(wrong),
  );
};
const gitProcesses = async () => {
  const all = await processesOf(on.base);
  return all.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("git");
    } catch {
      return false;
    }
  });
};

describe("git push", () => {
  it("makes the app with the first push, tells the deploy as it goes, and updates it with the next without a gap", async () => {
    const git = await work("first");
    const first = await git.run("push", "hop3", "main");
    assert.equal(first.status, 0, first.said);
    assert.match(first.said, /remote: -----> made the app first; deploy 1 of first: main at [0-9a-f]{10}/);
    assert.match(first.said, /remote: -----> release v1 is live: http:\/\/first\.localhost/);
    await serves("first", "v1");
    const watching = watchEdge(on.edge("first"));
    const two = await git.commit({ version: "v2" });
    const second = await git.run("push", "hop3", "main");
    assert.equal(second.status, 0, second.said);
    await serves("first", "v2");
    await watching.stop(["v1", "v2"]);
    assert.equal(await tip(git), two);
    const { deploys } = (await on.api("GET", "/apps/first/deploys")) as { deploys: { state: string }[] };
    assert.deepEqual(
      deploys.map(({ state }) => state),
      ["succeeded", "succeeded"],
    );
  });

  it("fails with the build's output when the build fails; the branch stays, and what served serves", async () => {
    const git = await work("broken");
    await git.must("push", "hop3", "main");
    const one = await tip(git);
    await git.commit({
      Procfile: "build: echo the reason is here && exit 7\nweb: exec python3 serve.py\n",
      version: "v2",
    });
    const failed = await git.run("push", "hop3", "main");
    assert.equal(failed.status, 1, failed.said);
    assert.match(failed.said, /remote: {8}the reason is here/);
    assert.match(failed.said, /remote: {2}!     .*\(BUILD_FAILED\)/);
    assert.match(failed.said, /\[remote rejected\] main -> main/);
    assert.equal(await tip(git), one);
    await serves("broken", "v1");
    await git.commit({ ...files(on.base, "v3") });
    await git.must("push", "hop3", "main");
    await serves("broken", "v3");
  });

  it("refuses a branch that does not deploy, whole, and says what would", async () => {
    const git = await work("branches");
    const early = await git.run("push", "hop3", "main:feature");
    assert.equal(early.status, 1);
    assert.match(early.said, /the first push to branches is to main or master/);
    await eventually("a refused first push leaves no repository", () => !existsSync(on.layout.repository("branches")));
    await git.must("push", "hop3", "main");
    const other = await git.run("push", "hop3", "main:main", "main:feature/$(id)");
    assert.equal(other.status, 1);
    assert.match(other.said, /branches is deployed from main/);
    assert.match(other.said, /git push REMOTE BRANCH:main/);
    const removed = await git.run("push", "hop3", ":main");
    assert.match(removed.said, /it is not removed/);
    const elsewhere = await git.run("push", "hop3", "main:refs/hop3/mine", "main:refs/notes/x");
    assert.equal(elsewhere.status, 1, elsewhere.said);
    const long = await git.run("push", "hop3", `main:refs/tags/${"a/".repeat(120)}long-name`);
    assert.match(long.said, /more than 250 bytes/);
    assert.equal((await git.must("ls-remote", "hop3")).split("\n").length, 2, "HEAD and main, and nothing else");
  });

  it("takes master where that is pushed first, and then nothing else", async () => {
    const git = await work("old");
    await git.must("push", "hop3", "main:master");
    const main = await git.run("push", "hop3", "main");
    assert.match(main.said, /old is deployed from master/);
    await git.commit({ version: "v2" });
    await git.must("push", "hop3", "main:master");
    await serves("old", "v2");
  });

  it("gives the history back, with tags, whole also after a forced push", async () => {
    const git = await work("history");
    await git.must("push", "hop3", "main");
    const replaced = await git.commit({ version: "v2" });
    await git.must("tag", "shown");
    await git.must("push", "hop3", "main", "shown");
    await git.must("reset", "--quiet", "--hard", "HEAD~1");
    const forced = await git.commit({ version: "v3" });
    assert.equal((await git.run("push", "hop3", "main")).status, 1, "it is no fast-forward");
    await git.must("push", "--force", "hop3", "main");
    await serves("history", "v3");
    await git.must("push", "hop3", ":shown");
    const clone = join(on.base, "trees/clone");
    await git.must("clone", "--quiet", address("history"), clone);
    const cloned = await gitIn(clone);
    assert.equal(await cloned.must("log", "--format=%H"), await git.must("log", "--format=%H", "main"));
    assert.equal(await cloned.must("rev-parse", "HEAD"), forced);
    assert.doesNotMatch(await git.must("ls-remote", "hop3"), /refs\/hop3/);
    // Nobody is shown it, and it is not lost.
    const kept = await gitIn(join(on.base, "trees/kept"));
    const owner = await kept.run(`--git-dir=${on.layout.repository("history")}`, "cat-file", "-t", replaced);
    assert.match(owner.said, /commit/);
  });

  it("refuses submodules, LFS pointers and what is no commit, and says what to do", async () => {
    const git = await work("odd");
    await git.must("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},lib/theirs`);
    await git.must("commit", "--quiet", "--message", "a submodule");
    const submodule = await git.run("push", "hop3", "main");
    assert.match(submodule.said, /The commit has submodules \("lib\/theirs"\)/);
    await git.must("reset", "--quiet", "--hard", "HEAD~1");
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"a".repeat(64)}\nsize 123\n`;
    await git.commit({ ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "picture.bin": pointer });
    const lfs = await git.run("-c", "filter.lfs.clean=cat", "push", "hop3", "main");
    assert.match(lfs.said, /Files are kept in Git LFS \("picture.bin"\)/);
    await git.must("reset", "--quiet", "--hard", "HEAD~1");
    await git.must("tag", "--annotate", "--message", "x", "note");
    const tagged = await git.run("push", "hop3", "note:refs/heads/main");
    assert.equal(tagged.status, 1, tagged.said);
    await git.must("push", "hop3", "main");
  });

  it("deploys what was committed, though attributes leave it out of release archives", async () => {
    const git = await work("whole");
    await git.commit({ ".gitattributes": "version export-ignore\nserve.py export-subst\n" });
    await git.must("push", "hop3", "main");
    await serves("whole", "v1");
  });

  it("does not look at who has gone: the deploy goes on, serves, and the branch is where it came from", async () => {
    const git = await work("gone");
    await git.must("push", "hop3", "main");
    const two = await git.commit({ version: "v2" });
    const halt = haltAt(on.base, "app:build");
    const client = spawn("git", ["push", "hop3", "main"], { cwd: git.directory, detached: true, stdio: "ignore" });
    try {
      await halt.reached();
      process.kill(-(client.pid ?? 0), "SIGKILL");
      await eventually("the client has gone", () => client.signalCode !== null);
      await serves("gone", "v1");
    } finally {
      halt.release();
    }
    await eventually("the branch has moved", async () => (await tip(git)) === two);
    await serves("gone", "v2");
    await atRest();
    await eventually("git has ended", async () => (await gitProcesses()).length === 0);
  });

  it("lets a revoked token go within seconds, and the deploy that it has begun goes on", async () => {
    const token = await withStore(on, async (store) => {
      await createUser(store, "ci", "developer");
      return await createToken(store, { user: "ci", name: "robot" });
    });
    const git = await work("revoked");
    await git.must("remote", "set-url", "hop3", address("revoked", token.secret));
    await git.must("push", "hop3", "main");
    const two = await git.commit({ version: "v2" });
    const halt = haltAt(on.base, "app:build");
    const pushing = git.run("push", "hop3", "main");
    try {
      await halt.reached();
      const since = performance.now();
      await withStore(on, (store) => revokeToken(store, token.token.id));
      assert.notEqual((await pushing).status, 0);
      assert.ok(performance.now() - since < 5000, "it was let go too late");
      assert.match((await git.run("fetch", "hop3")).said, /UNAUTHENTICATED/);
    } finally {
      halt.release();
    }
    await git.must("remote", "set-url", "hop3", address("revoked"));
    await eventually("the branch has moved", async () => (await tip(git)) === two);
    await serves("revoked", "v2");
  });

  it("lets two who push at once have their turns: the second is refused before it deploys", async () => {
    const git = await work("both");
    await git.must("push", "hop3", "main");
    const other = await gitIn(join(on.base, "trees/other"));
    await other.must("remote", "add", "hop3", address("both"));
    await other.must("pull", "--quiet", "hop3", "main");
    const mine = await git.commit({ version: "mine" });
    await other.commit({ version: "theirs" });
    const halt = haltAt(on.base, "app:build");
    const first = git.run("push", "hop3", "main");
    await halt.reached();
    const second = other.run("push", "hop3", "main");
    await eventually("the second one waits", async () => (await gitProcesses()).length > 5);
    halt.release();
    assert.equal((await first).status, 0, (await first).said);
    const refused = await second;
    assert.equal(refused.status, 1);
    assert.match(refused.said, /Another push has moved main meanwhile/);
    assert.equal(await tip(git), mine);
    await serves("both", "mine");
    const { deploys } = (await on.api("GET", "/apps/both/deploys")) as { deploys: unknown[] };
    assert.equal(deploys.length, 2);
  });

  for (const [point, after] of [
    ["app:build", "v1"],
    ["before:cut-over", "v1"],
    ["after:cut-over", "v2"],
    ["push:live", "v2"],
  ] as const) {
    it(`killed with hop3d at ${point}, it leaves no process, no lock and no half branch, and the next push works`, async () => {
      const app = `killed-${createHash("sha256").update(point).digest("hex").slice(0, 6)}`;
      const git = await work(app);
      await git.must("push", "hop3", "main");
      const one = await tip(git);
      const two = await git.commit({ version: "v2" });
      const halt = haltAt(on.base, point);
      const pushing = git.run("push", "hop3", "main");
      try {
        await halt.reached();
        await killHop3d(on);
      } finally {
        halt.release();
      }
      const cut = await pushing;
      assert.notEqual(cut.status, 0, cut.said);
      await eventually("no git process is left", async () => (await gitProcesses()).length === 0);
      await atRest();
      await eventually("the branch is at what serves", async () =>
        (await git.run("ls-remote", "hop3", "refs/heads/main")).said.startsWith(String(after === "v1" ? one : two)),
      );
      await serves(app, after);
      const left = readdirSync(on.layout.repository(app), { recursive: true }).map(String);
      assert.deepEqual(
        left.filter((name) => /\.lock$|tmp_objdir/.test(name)),
        [],
      );
      await git.commit({ version: "v3" });
      await git.must("push", "hop3", "main");
      await serves(app, "v3");
    });
  }

  it("leaves no repository when its app is destroyed", async () => {
    const git = await work("ended");
    await git.must("push", "hop3", "main");
    await on.destroy("ended");
    assert.ok(!existsSync(on.layout.repository("ended")));
    const fetched = await git.run("fetch", "hop3");
    assert.match(fetched.said, /APP_NOT_FOUND/);
  });
});

function files(base: string, version: string): Record<string, string> {
  const dir = gatedApp(base, version);
  return Object.fromEntries(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name), "utf8")]));
}
