/**
 * A person's server on a host without systemd, which is a mount namespace of this one: what an installation writes lies in
 * layers over /etc, /usr/lib and the like that go with the test, and its network is a loopback of its own. With systemd,
 * from package to purge: `npm run test:vm`.
 */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";

const checkout = join(import.meta.dirname, "../..");
const needed = ["/usr/bin/bwrap", "/usr/sbin/nft", "/usr/bin/nsenter", "/usr/bin/setpriv", "/usr/sbin/useradd"];
const lacking = needed.find((path) => !existsSync(path));
const skip =
  process.getuid?.() !== 0 ? "root alone can install" : lacking === undefined ? false : `this host has no ${lacking}`;

/** Layers over what is written, a /run of its own, and then it just holds the place. */
const prelude = `set -e
for dir in /etc /usr/lib /usr/local/bin; do
  name=$(echo "$dir" | tr / _)
  mkdir -p "$1/$name" "$1/$name.work"
  mount -t overlay overlay -o "lowerdir=$dir,upperdir=$1/$name,workdir=$1/$name.work" "$dir"
done
mkdir -p "$1/lib" && mount --bind "$1/lib" /var/lib
mount -t tmpfs -o mode=755 tmpfs /run
ip link set lo up
useradd --home-dir "$1/ada" --create-home ada
echo made
exec sleep 1000000`;

describe("a server that is installed on a host without systemd", { skip }, () => {
  let base: string;
  let host: ChildProcess;
  let serving: ChildProcess | undefined;

  const inside = (argv: readonly string[]): readonly [string, string[]] => {
    return ["/usr/bin/nsenter", ["-t", String(host.pid), "-m", "-n", "-w/", "--", ...argv]];
  };
  const env = { PATH: "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", SUDO_USER: "ada", LANG: "C.UTF-8" };
  const run = async (...argv: readonly string[]): Promise<{ status: number | null; out: string }> => {
    const child = spawn(...inside(argv), { env, stdio: ["ignore", "pipe", "pipe"] });
    const [out, err] = [text(child.stdout), text(child.stderr)];
    const [status] = (await once(child, "exit")) as [number | null];
    return { status, out: `${await out}${await err}` };
  };
  const ok = async (...argv: readonly string[]): Promise<string> => {
    const { status, out } = await run(...argv);
    assert.equal(status, 0, `${argv.join(" ")}: ${out}`);
    return out;
  };
  const asAda = (...argv: readonly string[]): Promise<string> =>
    ok("setpriv", "--reuid=ada", "--regid=ada", "--init-groups", "env", "-u", "SUDO_USER", `HOME=${base}/ada`, ...argv);

  before(async () => {
    base = mkdtempSync(join(tmpdir(), "hop3-host-"));
    mkdirSync(join(base, "site"));
    writeFileSync(join(base, "site/index.html"), "served by the edge");
    writeFileSync(join(base, "site/hop3.toml"), '[metadata]\nid = "site"\n');
    for (const path of ["", "site"]) chmodSync(join(base, path), 0o755);
    host = spawn("unshare", ["--mount", "--net", "--propagation", "private", "sh", "-c", prelude, "host", base], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    assert.ok(host.stdout !== null);
    const [said] = (await once(host.stdout, "data")) as [Buffer];
    assert.equal(String(said), "made\n");
  });
  after(async () => {
    for (const one of [serving, host]) {
      if (one === undefined || one.exitCode !== null || one.signalCode !== null) continue;
      one.kill(one === host ? "SIGKILL" : "SIGINT");
      await once(one, "exit");
    }
    rmSync(base, { recursive: true, force: true });
  });

  it("has all it needs after one run, and nothing is to be done by another", async () => {
    const first = await ok(join(checkout, "bin/hop3"), "server", "install", "--domain", "apps.test");
    assert.match(first, /is installed/);
    assert.match(first, /no systemd: `sudo hop3 server start`/);
    assert.match(await ok("cat", "/etc/hop3/server.env"), /^HOP3_DOMAIN=apps\.test$/m);
    const second = await ok(join(checkout, "bin/hop3"), "server", "install");
    assert.match(second, /nothing had to be changed/);
    assert.match(second, /nothing to do/);
    assert.equal((await ok("find", "/usr/lib/hop3", "/etc/hop3", "!", "-type", "l", "-perm", "/022")).trim(), "");
  });

  it("serves in the foreground, as users of their own, whoever called sudo", async () => {
    serving = spawn(...inside(["hop3", "server", "start"]), { env, stdio: ["ignore", "pipe", "pipe"] });
    assert.ok(serving.stdout !== null && serving.stderr !== null);
    let said = "";
    for (const stream of [serving.stdout, serving.stderr])
      stream.on("data", (chunk: Buffer) => (said += String(chunk)));
    while (!said.includes("Ctrl-C stops")) {
      assert.equal(serving.exitCode, null, said);
      await Promise.race([once(serving.stdout, "data"), once(serving, "exit")]);
    }
    assert.match(said, /client of ada has a token/);
    assert.match(await asAda("hop3", "whoami"), /^user +admin\n/);
    assert.match(await ok("hop3", "server", "admin", "grace"), /one-time password {2}\S+\n/);
    assert.match(await asAda("hop3", "user", "list"), /^grace +admin +person +enabled/m);
    assert.match(await asAda("hop3", "system", "info"), /mode +system/);
    const processes = await ok("ps", "-eo", "user:20,args");
    assert.match(processes, /^hop3-edge +\/usr\/lib\/hop3\/caddy-/m);
    assert.match(processes, /^hop3 +\/usr\/lib\/hop3\/node-.*\/cmd\/hop3d\.ts$/m);
    await asAda("hop3", "deploy", join(base, "site"), "--yes");
    const get = `require("http").get({host: "127.0.0.1", headers: {host: "site.apps.test"}}, (a) => a.pipe(process.stdout))`;
    assert.equal(await asAda("/usr/lib/hop3/current/.tools/bin/node", "-e", get), "served by the edge");
  });

  const noSshd = existsSync("/usr/sbin/sshd") ? false : "openssh-server is not installed";
  it("lets git in by the system's sshd, as hop3 and for git alone", { skip: noSshd }, async () => {
    const sshd = spawn(...inside(["/usr/sbin/sshd", "-D", "-e", "-o", "ListenAddress=127.0.0.1"]), {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let log = "";
    sshd.stderr.on("data", (chunk: Buffer) => (log += String(chunk)));
    try {
      while (!log.includes("Server listening")) {
        assert.equal(sshd.exitCode, null, log);
        await Promise.race([once(sshd.stderr, "data"), once(sshd, "exit")]);
      }
      const script = `set -e
cd ~ && mkdir -m 700 .ssh && ssh-keygen -q -t ed25519 -N '' -f .ssh/id_ed25519
hop3 key add
cp -r ${base}/site pushed && cd pushed && printf '[metadata]\\nid = "pushed"\\n' > hop3.toml
git init -q -b main && git add -A && git -c user.name=Ada -c user.email=ada@example.com commit -q -m first
hop3 git setup --ssh
git config core.sshCommand 'ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes'
git push hop3 main
git clone -q hop3@127.0.0.1:pushed.git ../again -c core.sshCommand="$(git config core.sshCommand)"
! ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes hop3@127.0.0.1 id`;
      const said = await asAda("sh", "-c", script).catch((error: unknown) => assert.fail(`${String(error)}\n${log}`));
      assert.match(said, /release v1 is live: http:\/\/pushed\.apps\.test/);
      assert.match(said, /A key opens git alone/);
      assert.equal((await ok("stat", "-c", "%U %a", "/var/lib/hop3/git/pushed.git")).trim(), "hop3 700");
      assert.equal((await ok("stat", "-c", "%U %a", "/var/lib/hop3/ssh/authorized_keys")).trim(), "hop3 600");
    } finally {
      sshd.kill("SIGTERM");
      await once(sshd, "exit");
    }
  });

  it("ends with all that it has started, at Ctrl-C", async () => {
    assert.ok(serving !== undefined);
    serving.kill("SIGINT");
    const [status] = (await once(serving, "exit")) as [number | null];
    assert.equal(status, 130);
    assert.doesNotMatch(await ok("ps", "-eo", "args"), /\/usr\/lib\/hop3\//);
  });

  it("is removed by who says so, and a purge leaves nothing", async () => {
    const bin = join(checkout, "bin/hop3");
    assert.equal((await run(bin, "server", "uninstall", "--purge")).status, 10);
    assert.match(await ok(bin, "server", "uninstall", "--purge", "--yes"), /Nothing of Hop3 is left/);
    for (const path of [
      "/usr/lib/hop3",
      "/usr/local/bin/hop3",
      "/var/lib/hop3",
      "/etc/hop3",
      "/run/hop3",
      "/etc/ssh/sshd_config.d/hop3.conf",
    ])
      assert.notEqual((await run("test", "-e", path)).status, 0, path);
    assert.doesNotMatch(await ok("cat", "/etc/passwd", "/etc/group"), /^hop3/m);
    assert.doesNotMatch(await ok("nft", "list", "tables"), /hop3/);
    assert.match(await ok(bin, "server", "uninstall", "--purge", "--yes"), /not installed here/);
  });
});
