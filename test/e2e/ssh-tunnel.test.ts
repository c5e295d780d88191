/** The whole client through ssh: a real sshd, a real platform whose API is on that host's loopback alone. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { saveServer, serversFile } from "#cli/context-file.ts";
import { apiPrefix } from "#core/api/prefix.ts";
import { exec } from "#sys/exec.ts";
import { nextPort, startPlatform, type RunningPlatform } from "./platform.ts";
import { startSshServer, withoutSshd, type SshServer } from "./ssh-server.ts";

const repository = join(import.meta.dirname, "../..");
const client = join(repository, "cmd/hop3.ts");

describe("hop3 through ssh", { skip: withoutSshd() }, () => {
  let platform: RunningPlatform;
  let ssh: SshServer;
  let dir: string;
  let home: string;
  let url: string;
  before(async () => {
    platform = await startPlatform();
    dir = mkdtempSync(join(tmpdir(), "hop3-ssh-"));
    home = join(dir, "home");
    const host = join(dir, "host");
    mkdirSync(join(home, "site"), { recursive: true });
    writeFileSync(join(home, "site/index.html"), "by ssh");
    writeFileSync(join(home, "site/hop3.toml"), '[metadata]\nid = "site"\n');
    // The host's own person is logged in to the server there, as `npm start` and an installation leave them.
    mkdirSync(join(host, "bin"), { recursive: true });
    writeFileSync(join(host, "bin/hop3"), `#!/bin/sh\nexec '${process.execPath}' '${client}' "$@"\n`, { mode: 0o755 });
    await saveServer(join(host, "config/servers.toml"), "local", {
      url: platform.apiUrl.replace(apiPrefix, ""),
      token: platform.token,
    });
    ssh = await startSshServer(dir, await nextPort(), {
      PATH: `${host}/bin:/usr/bin:/bin`,
      HOP3_CONFIG_DIR: join(host, "config"),
    });
    url = `ssh://${ssh.target}:${ssh.port}`;
  });
  after(async () => {
    for (const name of readdirSync(join(home, "r/hop3")))
      await exec(["/usr/bin/ssh", "-O", "exit", "-o", `ControlPath=${join(home, "r/hop3", name)}`, "x"], { env: {} });
    ssh.stop();
    rmSync(dir, { recursive: true, force: true });
    await platform.stop();
  });

  const run = async (line: readonly string[], options: { env?: Record<string, string>; input?: string } = {}) => {
    const ran = await exec([process.execPath, client, ...line], {
      cwd: join(home, "site"),
      env: { PATH: `${ssh.bin}:/usr/bin:/bin`, HOME: home, XDG_RUNTIME_DIR: join(home, "r"), ...options.env },
      timeoutMs: 60_000,
      ...(options.input === undefined ? {} : { input: options.input }),
    });
    return { status: ran.exitCode, stdout: ran.stdout, stderr: ran.stderr };
  };
  const done = async (...args: Parameters<typeof run>) => {
    const ran = await run(...args);
    assert.equal(ran.status, 0, `${args[0].join(" ")}: ${ran.stdout}${ran.stderr}`);
    return ran;
  };

  it("a token goes through ssh, and where to go is kept", async () => {
    const port = String(platform.settings.apiPort);
    const line = [
      "login",
      "--ssh",
      `${ssh.target}:${ssh.port}`,
      "--server",
      "far",
      "--api-port",
      port,
      "--token-stdin",
    ];
    await done(line, { input: platform.token });
    assert.match((await done(["whoami"])).stdout, /admin/);
  });

  it("login --ssh gets a token from the host's own hop3, and keeps where to go", async () => {
    const { stderr, stdout } = await done(["login", "--ssh", `${ssh.target}:${ssh.port}`, "--server", "far"]);
    assert.match(stderr, /\[far\] logged in to ssh:\/\//);
    const file = readFileSync(serversFile({}, home), "utf8");
    assert.ok(file.includes(url) && file.includes(`api_port = ${platform.settings.apiPort}`), file);
    const token = /token = "(.*)"/.exec(file)?.[1] ?? "";
    assert.ok(token.length > 20 && token !== platform.token, "a token of its own");
    assert.ok(!`${stdout}${stderr}${ssh.log()}`.includes(token));
    assert.match((await done(["whoami"])).stdout, /admin/);
  });

  it("uploads and follows a deploy, streams logs, runs a command with its stdin and status", async () => {
    assert.match((await done(["deploy", "--yes"])).stderr, /deployed as release 1/);
    assert.match((await done(["apps"])).stdout, /^site +running/m);
    const big = "x".repeat(900_000);
    const ran = await done(["run", "--", "sh", "-c", "cat; echo said >&2"], { input: big });
    assert.deepEqual([ran.stdout.length, ran.stderr], [big.length, "said\n"]);
    assert.equal((await run(["run", "--", "sh", "-c", "exit 7"])).status, 7);
  });

  it("HOP3_API_URL may be such an address, with the token that is stored for it or another", async () => {
    assert.match((await done(["apps"], { env: { HOP3_API_URL: url } })).stdout, /^site/m);
    const wrong = await run(["apps"], { env: { HOP3_API_URL: url, HOP3_API_TOKEN: `hop3_${"A".repeat(43)}` } });
    assert.equal(wrong.status, 4);
  });

  it("Ctrl-C reaches the command that runs there, and its own ssh is not what ends", async () => {
    let pid = 0;
    let sent = false;
    const ran = await exec(
      [
        process.execPath,
        client,
        "run",
        "--",
        "sh",
        "-c",
        "trap 'echo asked; exit 9' INT; echo up; while :; do sleep 0.1; done",
      ],
      {
        cwd: join(home, "site"),
        env: { PATH: `${ssh.bin}:/usr/bin:/bin`, HOME: home, XDG_RUNTIME_DIR: join(home, "r") },
        timeoutMs: 30_000,
        onSpawn: (spawned) => (pid = spawned),
        onLine: (line) => {
          if (line !== "up" || sent) return;
          sent = true;
          // As a terminal does it: to the whole group, ssh among it.
          process.kill(-pid, "SIGINT");
        },
      },
    );
    assert.deepEqual([ran.exitCode, ran.stdout], [9, "up\nasked\n"], ran.stderr);
  });

  it("says in ssh's words why it does not get there", async () => {
    const closed = await run(["login", "--ssh", `${ssh.target}:1`, "--token-stdin"], { input: platform.token });
    assert.equal(closed.status, 7);
    assert.match(closed.stderr, /ssh says what is wrong[^]*Connection refused/);
    const noApi = await run(
      ["login", "--ssh", `${ssh.target}:${ssh.port}`, "--server", "x", "--api-port", "1", "--token-stdin"],
      {
        input: platform.token,
      },
    );
    assert.equal(noApi.status, 7);
    assert.match(noApi.stderr, /does its API listen on port 1\?/);
    const noHop3 = await run(["login", "--ssh", `${ssh.target}:${ssh.port}`, "--remote-hop3", "/nonexistent/hop3"]);
    assert.equal(noHop3.status, 7);
    assert.match(noHop3.stderr, /no "\/nonexistent\/hop3" on that host[^]*--remote-hop3/);
  });

  it("nothing of an address reaches ssh as a flag or a shell as a command", async () => {
    for (const target of [
      "-oProxyCommand=touch${IFS}pwned",
      "ada@-oProxyCommand=x",
      "-l@host",
      "ada@host;touch pwned",
      "ada@$(touch pwned)",
      "ada@host touch",
      "ada@host\n-oX",
      "ada@host:99999",
      "ada@../x",
      "ada\u202e@host",
      "ada@",
    ]) {
      const ran = await run(["login", "--ssh", target]);
      assert.equal(ran.status, 2, `${target}: ${ran.stderr}`);
      const url = await run(["apps"], { env: { HOP3_API_URL: `ssh://${target}`, HOP3_API_TOKEN: "t0ken-t0ken" } });
      assert.equal(url.status, 2, `${target}: ${url.stderr}`);
    }
    const path = await run(["login", "--ssh", `${ssh.target}:${ssh.port}`, "--remote-hop3", "hop3; touch pwned"]);
    assert.equal(path.status, 2);
  });
});
