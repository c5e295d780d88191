/** git over SSH by the real git, ssh and sshd: who holds a key may do what its user may, by git alone. */
import assert from "node:assert/strict";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { exec } from "#sys/exec.ts";
import { listEvents } from "#store/events.ts";
import { addPerson, type Person, withStore } from "./people.ts";
import { assertAnswers, eventually } from "./apps.ts";
import { gatedApp } from "./faulty/gated-app.ts";
import { haltAt } from "./faulty/points.ts";
import { type Git, gitIn } from "./git-client.ts";
import { nextPort, startPlatform, type RunningPlatform } from "./platform.ts";
import { makeKey, startSshd, type TestSshd, withoutSshd } from "./sshd.ts";

describe("git over SSH", { skip: withoutSshd() }, () => {
  let on: RunningPlatform;
  let sshd: TestSshd;
  let ada: Person;
  let vi: Person;
  before(async () => {
    on = await startPlatform({ supervisor: join(import.meta.dirname, "faulty/supervisor.ts") });
    sshd = await startSshd(on);
    ada = await addPerson(on, "ada", "developer", await makeKey(on, "ada"));
    vi = await addPerson(on, "vi", "viewer", await makeKey(on, "vi"));
  });
  after(async () => {
    await sshd?.stop();
    await on?.stop();
  });

  const options = (...more: readonly string[]) => [
    "-F",
    "none",
    "-p",
    String(sshd.port),
    "-o",
    "StrictHostKeyChecking=no",
    "-o",
    "UserKnownHostsFile=/dev/null",
    "-o",
    "LogLevel=INFO",
    "-o",
    "BatchMode=yes",
    "-o",
    "IdentitiesOnly=yes",
    "-o",
    "IdentityAgent=none",
    "-o",
    "ConnectTimeout=10",
    ...more,
  ];
  const ssh = async (keys: readonly string[], line: readonly string[], more: readonly string[] = []) => {
    const identities = keys.flatMap((key) => ["-i", key]);
    const argv = ["ssh", ...options(...identities, ...more), `${sshd.user}@127.0.0.1`, ...line];
    const done = await exec(argv, {
      env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent" },
      input: "",
      timeoutMs: 30_000,
    });
    return { status: done.exitCode, said: done.stdout + done.stderr };
  };
  let trees = 0;
  const work = async (app: string, keys: readonly string[], version = "v1"): Promise<Git> => {
    const command = ["ssh", ...options(...keys.flatMap((key) => ["-i", key]))].join(" ");
    const git = await gitIn(join(on.base, "trees", String((trees += 1))), { GIT_SSH_COMMAND: command });
    await git.must("remote", "add", "hop3", `${sshd.user}@127.0.0.1:${app}.git`);
    await git.commit(gatedApp(on.base, version));
    return git;
  };
  /** What comes back of a listener of the client's own, which the server is asked to connect with `target`. */
  const throughListener = async (target: string): Promise<string> => {
    const port = await nextPort();
    const done = new AbortController();
    let said = "";
    const listening = exec(
      ["ssh", ...options("-i", ada.key, "-N", "-L", `${port}:${target}`), `${sshd.user}@127.0.0.1`],
      { env: { PATH: process.env["PATH"] ?? "" }, signal: done.signal, onLine: (line) => (said += `${line}\n`) },
    ).catch(() => undefined);
    let answered = "";
    await eventually("the client listens", () => {
      return new Promise((resolve) => {
        const ask = "GET /api/v1/version HTTP/1.1\r\nhost: localhost\r\n\r\n";
        const client = connect(port, "127.0.0.1", () => void client.write(ask));
        client.on("data", (data) => (answered += String(data)));
        client.on("error", () => resolve(false)).on("close", () => resolve(client.bytesWritten > 0));
      });
    });
    await eventually("the client was refused", () => /open failed/.test(said)).catch(() => assert.fail(said));
    done.abort();
    await listening;
    return answered;
  };
  const serves = (app: string, version: string) =>
    assertAnswers(on.edge(app), { path: "/", status: 200, contains: version });

  it("makes an app, updates it and gives its history back", async () => {
    const git = await work("first", [ada.key]);
    const first = await git.run("push", "hop3", "main");
    assert.equal(first.status, 0, `${first.said}\n${sshd.log()}`);
    assert.match(first.said, /remote: -----> release v1 is live/);
    await serves("first", "v1");
    await git.commit({ version: "v2" });
    await git.must("push", "hop3", "main");
    await serves("first", "v2");
    const clone = join(on.base, "trees/clone");
    await git.must("clone", "--quiet", `ssh://${sshd.user}@127.0.0.1:${sshd.port}/first.git`, clone);
    assert.equal(await (await gitIn(clone)).must("rev-parse", "HEAD"), await git.must("rev-parse", "main"));
    const events = await withStore(on, (store) => listEvents(store, { app: "first" }));
    const push = events.find(({ action }) => action === "app.push");
    assert.equal(push?.actor, "ada");
    assert.deepEqual(push?.origin.credential, { kind: "key", id: ada.fingerprint, name: "ada" });
    assert.equal(push?.origin.address, "127.0.0.1");
  });

  it("fails with the build's output when the build fails", async () => {
    const git = await work("first", [ada.key]);
    await git.must("fetch", "hop3");
    await git.must("reset", "--quiet", "--hard", "hop3/main");
    await git.commit({ Procfile: "build: echo the reason is here && exit 7\nweb: exec python3 serve.py\n" });
    const failed = await git.run("push", "hop3", "main");
    assert.equal(failed.status, 1, failed.said);
    assert.match(failed.said, /remote: {8}the reason is here/);
    await serves("first", "v2");
  });

  it("takes who has signed for who asks, and not who was offered", async () => {
    // Public halves alone can be offered, and signed with by nobody.
    const offered = (person: Person): string => {
      const file = join(on.base, `offered-${person.name}`);
      copyFileSync(`${person.key}.pub`, file);
      copyFileSync(`${person.key}.pub`, `${file}.pub`);
      return file;
    };
    const alone = await ssh([offered(ada)], ["git-receive-pack", "'offers.git'"]);
    assert.equal(alone.status, 255, alone.said);
    assert.match(alone.said, /Permission denied/);
    // The developer's is offered, the viewer's signs: a viewer asks.
    const asViewer = await work("offers", [offered(ada), vi.key]);
    const refused = await asViewer.run("push", "hop3", "main");
    assert.match(refused.said, /DENIED/);
    assert.match(
      sshd.log(),
      new RegExp(`Postponed publickey|Accepted key .*${ada.fingerprint.replaceAll(/[+/]/g, ".")}`),
    );
    // And the other way round.
    const asDeveloper = await work("offers", [offered(vi), ada.key]);
    const taken = await asDeveloper.run("push", "hop3", "main");
    assert.equal(taken.status, 0, taken.said);
    await serves("offers", "v1");
  });

  it("lets a viewer neither push nor fetch, and says so", async () => {
    const git = await work("first", [vi.key]);
    for (const line of [
      ["push", "hop3", "main"],
      ["fetch", "hop3"],
    ]) {
      const { status, said } = await git.run(...line);
      assert.notEqual(status, 0);
      assert.match(said, /hop3: Your role \(viewer\) does not allow this .*\(DENIED\)/);
    }
    const unknown = await (await work("nothere", [ada.key])).run("fetch", "hop3");
    assert.match(unknown.said, /There is no app nothere/);
  });

  it("runs nothing but git's two commands: no shell, no copy, no subsystem, no terminal", async () => {
    const marker = join(on.base, "was-run");
    for (const line of [
      [],
      ["sh"],
      ["id"],
      [`touch ${marker}`],
      ["scp", "-t", "/tmp"],
      ["rsync", "--server", "."],
      [`git-receive-pack 'first.git'; touch ${marker}`],
      [`git-receive-pack '$(touch ${marker})'`],
      [`git-upload-pack '../../../etc'`],
      ["git-upload-archive", "'first.git'"],
      [`git-upload-pack --strict '/${on.layout.repository("first")}'`],
      [`git-receive-pack 'first.git'\ntouch ${marker}`],
    ]) {
      const { status, said } = await ssh([ada.key], line);
      assert.equal(status, 128, `${line.join(" ")}: ${said}`);
      assert.match(said, /hop3: .*\((DENIED|INVALID_APP_NAME)\)/);
    }
    const sftp = await ssh([ada.key], ["sftp"], ["-s"]);
    assert.notEqual(sftp.status, 0);
    assert.match((await ssh([ada.key], ["id"], ["-tt"])).said, /PTY allocation request failed/);
    const environment = await ssh(
      [ada.key],
      ["git-upload-pack", "'first.git'"],
      ["-o", "SendEnv=NODE_OPTIONS", "-o", `SetEnv=NODE_OPTIONS=--import=${marker} BASH_ENV=${marker}`],
    );
    assert.match(environment.said, /refs\/heads\/main/);
    assert.ok(!existsSync(marker));
    const { events } = (await on.api("GET", "/apps/first/events?lines=200")) as { events: { outcome: string }[] };
    assert.ok(!JSON.stringify(events).includes(marker));
  });

  it("opens no channel beside: no port, no socket, no agent, no display, in either direction", async () => {
    const api = String(on.settings.apiPort);
    // What git needs the connection for goes on; what is asked for beside is refused by the server.
    const direct = await ssh([ada.key], [], ["-W", `127.0.0.1:${api}`]);
    assert.match(direct.said, /administratively prohibited|open failed/);
    for (const more of [
      ["-R", "0:127.0.0.1:1", "-o", "ExitOnForwardFailure=yes", "-N"],
      ["-R", `${on.base}/theirs.sock:127.0.0.1:1`, "-o", "ExitOnForwardFailure=yes", "-N"],
      ["-w", "0:0", "-o", "Tunnel=point-to-point", "-N", "-o", "ExitOnForwardFailure=yes"],
    ]) {
      const { status, said } = await ssh([ada.key], [], more);
      assert.equal(status, 255, `${more.join(" ")}: ${said}`);
    }
    for (const target of [`127.0.0.1:${api}`, on.layout.supervisorSocket]) {
      assert.equal(await throughListener(target), "", target);
    }
    const agent = await ssh([ada.key], ["git-upload-pack", "'first.git'"], ["-A", "-X", "-o", "ForwardX11Trusted=yes"]);
    assert.match(agent.said, /refs\/heads\/main/);
    assert.doesNotMatch(sshd.log(), /agent-forward|x11-forward/i);
  });

  it("lets a removed key and a disabled user in no more; a deploy that has begun goes on without them", async () => {
    const eve = await addPerson(on, "eve", "developer", await makeKey(on, "eve"));
    const git = await work("begun", [eve.key]);
    await git.must("push", "hop3", "main");
    const two = await git.commit({ version: "v2" });
    const halt = haltAt(on.base, "app:build");
    const pushing = git.run("push", "hop3", "main");
    try {
      await halt.reached();
      const removed = performance.now();
      await eve.api("DELETE", `/account/keys/${encodeURIComponent(eve.fingerprint)}`);
      const { status } = await pushing;
      assert.notEqual(status, 0);
      assert.ok(performance.now() - removed < 5000, "it was let go too late");
      const later = await git.run("fetch", "hop3");
      assert.match(later.said, /Permission denied \(publickey\)/);
    } finally {
      halt.release();
    }
    await eventually(
      "the deploy has gone on",
      async () => (await on.api("GET", "/apps/begun").then((found) => (found as { release: number }).release)) === 2,
    );
    await serves("begun", "v2");
    const bare = await gitIn(join(on.base, "trees/bare"));
    await eventually(
      "the branch has moved",
      async () => (await bare.must(`--git-dir=${on.layout.repository("begun")}`, "rev-parse", "main")) === two,
    );
    // Its key is in what sshd reads; hop3d says no.
    await vi.disable();
    const disabled = await ssh([vi.key], ["git-upload-pack", "'first.git'"]);
    assert.equal(disabled.status, 128);
    assert.match(disabled.said, /This key is not valid here, or not any more. \(UNAUTHENTICATED\)/);
  });

  it("writes no key's comment and nothing else of a person's into what sshd reads", async () => {
    const text = readFileSync(on.layout.authorizedKeys, "utf8");
    const lines = text.trim().split("\n").slice(1);
    assert.ok(lines.length >= 2);
    for (const line of lines)
      assert.match(
        line,
        /^restrict,command="exec env -i [^"\\]*(?:\\"\$[A-Z_]+\\" ?){3}" ssh-ed25519 [A-Za-z0-9+/=]+$/,
      );
  });
});
