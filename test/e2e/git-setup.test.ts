/** From nothing to a deployed app by `hop3 git setup` and `git push`, as a person types it, with a home of its own. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { saveServer, serversFile } from "#cli/context-file.ts";
import { apiPrefix } from "#core/api/prefix.ts";
import { exec } from "#sys/exec.ts";
import { assertAnswers } from "./apps.ts";
import { gatedApp } from "./faulty/gated-app.ts";
import { type Git, gitIn } from "./git-client.ts";
import { startPlatform, type RunningPlatform } from "./platform.ts";

const bin = join(import.meta.dirname, "../../bin");

describe("hop3 git setup", () => {
  let on: RunningPlatform;
  let home = "";
  let url = "";
  before(async () => {
    on = await startPlatform();
    home = join(on.base, "ada");
    mkdirSync(home);
    url = on.apiUrl.replace(apiPrefix, "");
    await saveServer(serversFile({}, home), "prod", { url, token: on.token });
  });
  after(() => on.stop());

  const environment = () => ({ PATH: `${bin}:${process.env["PATH"] ?? ""}`, HOME: home });
  const hop3 = async (cwd: string, words: readonly string[], input = "") => {
    const { exitCode, stdout, stderr } = await exec([join(bin, "hop3"), ...words], { cwd, env: environment(), input });
    return { status: exitCode, stdout, said: stdout + stderr };
  };
  const repository = async (name: string): Promise<Git> => {
    const git = await gitIn(join(on.base, name), environment());
    await git.commit(gatedApp(on.base, "v1"));
    return git;
  };

  it("leads git to the app with the token of the person, which stands in no file of the repository", async () => {
    const git = await repository("shop");
    const setup = await hop3(git.directory, ["git", "setup"]);
    assert.equal(setup.status, 0, setup.said);
    assert.match(
      setup.said,
      /\[prod \/ shop\] the remote hop3 leads to http:.*\/git\/shop\.git\. Next: git push hop3 main/,
    );
    await git.must("push", "hop3", "main");
    await assertAnswers(on.edge("shop"), { path: "/", status: 200, contains: "v1" });
    const config = readFileSync(join(git.directory, ".git/config"), "utf8");
    assert.ok(!config.includes(on.token));
    // Typed again it changes nothing, and knows the branch by now.
    const again = await hop3(git.directory, ["git", "setup"]);
    assert.equal(again.status, 0, again.said);
    assert.equal(readFileSync(join(git.directory, ".git/config"), "utf8"), config);
    await git.must("checkout", "--quiet", "-b", "feature");
    assert.match((await hop3(git.directory, ["git", "setup"])).said, /Next: git push hop3 feature:main/);
    await git.must("fetch", "hop3");
  });

  it("sets the branch that deploys, and the next push is from there", async () => {
    const git = await repository("branched");
    const early = await hop3(git.directory, ["git", "setup", "--branch", "live"]);
    assert.match(early.said, /There is no app/);
    await hop3(git.directory, ["git", "setup"]);
    await git.must("push", "hop3", "main");
    const set = await hop3(git.directory, ["git", "setup", "--branch", "live"]);
    assert.match(set.said, /Next: git push hop3 main:live/);
    const refused = await git.run("push", "hop3", "main");
    assert.equal(refused.status, 0, "nothing is new there");
    await git.commit({ version: "v2" });
    assert.match((await git.run("push", "hop3", "main")).said, /branched is deployed from live/);
    await git.must("push", "hop3", "main:live");
    await assertAnswers(on.edge("branched"), { path: "/", status: 200, contains: "v2" });
    assert.match(await git.must("ls-remote", "--symref", "hop3", "HEAD"), /ref: refs\/heads\/live/);
  });

  it("tells the token to git for the server's own address alone, and not to whoever asks otherwise", async () => {
    const { host } = new URL(url);
    const ask = (question: string, action = "get") => hop3(on.base, ["git", "credential", action], question);
    assert.match(
      (await ask(`protocol=http\nhost=${host}\n\n`)).stdout,
      new RegExp(`^username=hop3\npassword=${on.token}\n`),
    );
    for (const question of [
      `protocol=https\nhost=${host}\n`,
      "protocol=http\nhost=evil.example\n",
      `protocol=http\nhost=evil.example\npath=${host}\n`,
      `protocol=http\nhost=${host}.evil.example\n`,
      `protocol=http\nhost=${host}@evil.example\n`,
      `host=${host}\n`,
      "",
    ]) {
      const { status, said } = await ask(question);
      assert.equal(status, 0, said);
      assert.ok(!said.includes(on.token), question);
    }
    for (const action of ["store", "erase"])
      assert.equal((await ask(`protocol=http\nhost=${host}\n`, action)).stdout, "");
  });

  it("asks before it leads a remote elsewhere, and refuses what is no repository, branch or host", async () => {
    const git = await repository("taken");
    await git.must("remote", "add", "hop3", "https://example.com/other.git");
    const taken = await hop3(git.directory, ["git", "setup", "--no-input"]);
    assert.equal(taken.status, 10, taken.said);
    assert.equal(await git.must("remote", "get-url", "hop3"), "https://example.com/other.git");
    assert.equal((await hop3(git.directory, ["git", "setup", "--yes"])).status, 0);
    for (const [words, says] of [
      [["--branch", "--upload-pack=x"], /./],
      [["--branch", "a..b"], /is not a valid branch name/],
      [["--remote", "--exec"], /./],
      [["--remote", "a b"], /is not a valid name of a remote/],
      [["--ssh", "--ssh-host", "-oProxyCommand=id"], /./],
      [["--ssh", "--ssh-host", "a b;id"], /is not a valid host name/],
      [["--ssh", "--https"], /Choose one/],
    ] as const) {
      const { status, said } = await hop3(git.directory, ["git", "setup", ...words]);
      assert.equal(status, 2, said);
      assert.match(said, says);
    }
    const nowhere = await hop3(home, ["git", "setup", "--app", "shop"]);
    assert.match(nowhere.said, /is in no git repository/);
  });

  it("leads git over SSH with --ssh, and says in user mode what has to be added by hand", async () => {
    const git = await repository("bykey");
    const { said } = await hop3(git.directory, [
      "git",
      "setup",
      "--ssh",
      "--ssh-host",
      "hop3.example.com",
      "--ssh-port",
      "2222",
    ]);
    assert.match(await git.must("remote", "get-url", "hop3"), /^ssh:\/\/[a-z]+@hop3\.example\.com:2222\/bykey\.git$/);
    assert.match(said, /You have no key on the server yet: hop3 key add/);
    assert.match(said, /authorized_keys/);
  });
});
