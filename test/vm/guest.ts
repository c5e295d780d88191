/**
 * Inside the virtual machine, as root: what a person does with a server from its first day to its last, and what the kernel
 * and systemd make of it. Started by systemd, which it finds as a minimal Debian has it.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:http";
import { request as requestHttps } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";

const checkout = "/mnt/hop3";
const hop3 = "/usr/local/bin/hop3";

type Done = { readonly status: number | null; readonly out: string };

/** For whoever watches the console. */
function say(line: string): void {
  process.stderr.write(`# ${line}\n`);
}

/** Both streams together; the environment of a login. */
function run(argv: readonly string[], timeout = 900_000): Done {
  const [command = "", ...args] = argv;
  const began = Date.now();
  const done = spawnSync(command, args, {
    encoding: "utf8",
    timeout,
    cwd: "/",
    env: { PATH: "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root", LANG: "C.UTF-8" },
  });
  say(`${((Date.now() - began) / 1000).toFixed(1)} s, ${done.status}: ${argv.join(" ").slice(0, 150)}`);
  return { status: done.status, out: `${done.stdout}${done.stderr}` };
}

function ok(argv: readonly string[], timeout?: number): string {
  const { status, out } = run(argv, timeout);
  assert.equal(status, 0, `${argv.join(" ")}: ${out}`);
  return out;
}

/** As the person who may call sudo. */
const asAda = (...argv: string[]): string[] => ["runuser", "-u", "ada", "--", "env", "HOME=/home/ada", ...argv];
const install = (from: string, ...more: string[]): string[] =>
  asAda("sudo", `${from}/bin/hop3`, "server", "install", ...more);
const show = (unit: string, property: string): string =>
  ok(["systemctl", "show", "--value", `-p${property}`, unit]).trim();

function ask(host: string, path = "/", port = 80): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: "127.0.0.1", port, path, headers: { host }, agent: false, timeout: 20_000 },
      (answer) => {
        let body = "";
        answer.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
        answer.on("error", reject);
      },
    );
    asked.on("timeout", () => asked.destroy(new Error("no answer in 60 s"))).on("error", reject);
    asked.end();
  });
}

async function until(what: string, condition: () => boolean | Promise<boolean>, seconds = 300): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await Promise.resolve(condition()).catch(() => false))) {
    assert.ok(Date.now() < deadline, `${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A directory of an app that needs no package: it says who it is, and takes as much memory as it is asked for. */
function makeApp(name: string, toml: string): string {
  const directory = `/home/ada/${name}`;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "Procfile"), "web: python3 serve.py\n");
  writeFileSync(join(directory, "hop3.toml"), `[metadata]\nid = "${name}"\n${toml}`);
  writeFileSync(
    join(directory, "serve.py"),
    `import http.server, os, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/eat/"):
            kept = bytearray(int(self.path[5:]) * 1024 * 1024)
            for at in range(0, len(kept), 4096): kept[at] = 1
        body = f"${name} {os.getpid()} {os.getuid()} {open('/proc/self/cgroup').read()}".encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *args): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
`,
  );
  ok(["chown", "-R", "ada:", directory]);
  return directory;
}

describe("a server of Debian with systemd and cgroups of version 2", () => {
  it("is installed by the next run, when the ones before it were killed", async () => {
    for (const [what, isThere] of [
      [
        "a copy that is begun",
        () => existsSync("/usr/lib/hop3") && readdirSync("/usr/lib/hop3").some((name) => name.endsWith(".begun")),
      ],
      ["a unit", () => existsSync("/etc/systemd/system/hop3-apps.service")],
    ] as const) {
      const cut = spawn(`${checkout}/bin/hop3`, ["server", "install"], { cwd: "/", stdio: "ignore" });
      await until(what, isThere, 900);
      cut.kill("SIGKILL");
      await once(cut, "close");
      say(`killed at ${what}`);
    }
    ok(["dpkg", "--configure", "-a"]);
    const out = ok(install(checkout));
    assert.match(out, /is installed/);
    assert.match(out, /client of ada has a token/);
    assert.equal(show("hop3.service", "ActiveState"), "active");
    assert.equal(show("hop3.service", "UnitFileState"), "enabled");
    assert.match(ok(asAda("hop3", "whoami")), /^user +admin$/m);
    assert.match(ok(asAda("hop3", "system", "info")), /mode\s+system/);
  });

  it("changes nothing at a second run, and says so", () => {
    const started = show("hop3.service", "ExecMainStartTimestamp");
    const out = ok(install(checkout));
    assert.match(out, /nothing had to be changed/);
    assert.match(out, /nothing to do/);
    assert.doesNotMatch(out, /token/);
    assert.equal(show("hop3.service", "ExecMainStartTimestamp"), started);
  });

  it("refuses a port for HTTPS that another has, before anything is changed", async () => {
    const file = "/etc/hop3/server.env";
    const before = readFileSync(file, "utf8");
    const other = createServer().listen(8443, "::");
    await once(other, "listening");
    writeFileSync(file, `${before}HOP3_HTTPS_PORT=8443\n`);
    const { status, out } = run(install(checkout));
    writeFileSync(file, before);
    other.close();
    assert.notEqual(status, 0);
    assert.match(out, /Port 8443 is taken[^]*HOP3_HTTPS_PORT/);
  });

  it("has its processes as their own users, and its files closed", () => {
    const users = ok(["ps", "-eo", "user:20,args"]);
    assert.match(users, /^hop3-edge +\/usr\/lib\/hop3\/caddy-/m);
    assert.match(users, /^hop3 +.*cmd\/hop3d\.ts/m);
    assert.notEqual(run(asAda("ls", "/var/lib/hop3/apps")).status, 0);
    assert.notEqual(run(asAda("cat", "/etc/hop3/server.env")).status, 0);
    assert.equal(statSync("/var/lib/hop3/master.key").mode & 0o777, 0o600);
    assert.equal(statSync("/proc/net/tcp").mode & 0o777, 0o404);
    assert.match(ok(asAda("cat", "/proc/net/tcp")), /local_address/);
  });

  it("has units that systemd finds nothing wrong with", (t) => {
    assert.equal(ok(["systemd-analyze", "verify", "hop3.service", "hop3-apps.service"]).trim(), "");
    for (const unit of ["hop3.service", "hop3-apps.service"])
      t.diagnostic(ok(["systemd-analyze", "security", "--no-pager", unit]).trim().split("\n").at(-1) ?? "");
  });

  it("serves an app as its own user, in a cgroup below the unit of apps", async () => {
    ok(asAda("hop3", "deploy", makeApp("first", ""), "--yes"));
    const { status, body } = await ask("first.localhost");
    assert.equal(status, 200, body);
    assert.match(body, /^first \d+ 7\d{4} /);
    const [, , uid] = body.split(" ");
    assert.ok(existsSync(`/sys/fs/cgroup/system.slice/hop3-apps.service/apps/${uid}`));
    const seen = run(asAda("hop3", "run", "--app", "first", "--", "cat", "/proc/net/dev", "/proc/net/tcp"));
    assert.notEqual(seen.status, 0);
    assert.match(seen.out, /lo:[^]*\/proc\/net\/tcp: Permission denied/);
  });

  it("serves it by HTTPS on 443, with a certificate of its own authority", async () => {
    const ca = readFileSync("/var/lib/hop3/edge/storage/pki/authorities/local/root.crt", "utf8");
    const host = "first.localhost";
    const byTls = () =>
      new Promise<number | undefined>((resolve, reject) => {
        const options = {
          host: "127.0.0.1",
          port: 443,
          servername: host,
          headers: { host },
          ca,
          agent: false,
        } as const;
        requestHttps({ ...options, timeout: 20_000 }, (answer) => resolve(answer.resume().statusCode))
          .on("error", reject)
          .end();
      });
    await until("its certificate", async () => (await byTls()) === 200);
    assert.match(ok(asAda("hop3", "system", "info")), /HTTPS on 443/);
  });

  it("ends an app that takes more memory than it may, says so, and nobody else is touched", async () => {
    ok(asAda("hop3", "deploy", makeApp("glutton", '[limits]\nmemory = "64M"\n'), "--yes"));
    const before = (await ask("first.localhost")).body;
    const eaten = await ask("glutton.localhost", "/eat/200").catch(() => ({ status: 0, body: "" }));
    assert.notEqual(eaten.status, 200);
    await until("the glutton is back", async () => (await ask("glutton.localhost")).status === 200);
    assert.match(ok(asAda("hop3", "app", "status", "--app", "glutton")), /out of memory/i);
    assert.equal((await ask("first.localhost")).body, before);
    for (const unit of ["hop3.service", "hop3-apps.service"]) assert.equal(show(unit, "ActiveState"), "active");
  });

  it("keeps apps when the supervisor is killed, and has another within seconds", async () => {
    const before = (await ask("first.localhost")).body;
    const pid = show("hop3.service", "MainPID");
    process.kill(Number(pid), "SIGKILL");
    await until("another supervisor", () => !["0", pid].includes(show("hop3.service", "MainPID")));
    await until("the API", () => run(asAda("hop3", "ps", "--app", "first")).status === 0);
    assert.equal((await ask("first.localhost")).body, before);
  });

  it("is upgraded while a client asks, which notices nothing", async (t) => {
    const newer = "/root/newer";
    mkdirSync(newer);
    for (const name of readdirSync(checkout)) {
      if (["cmd", "src", "package.json"].includes(name))
        cpSync(join(checkout, name), join(newer, name), { recursive: true });
      else symlinkSync(join(checkout, name), join(newer, name));
    }
    ok(["sed", "-i", 's/"version": "[^"]*"/"version": "0.9.9"/', join(newer, "package.json")]);
    // bin/hop3 follows links to where it lies.
    ok(["sh", "-c", `rm ${newer}/bin && cp -r ${checkout}/bin ${newer}/bin && chmod 755 /root`]);
    const before = (await ask("first.localhost")).body;
    const supervisor = show("hop3.service", "MainPID");
    const session = spawn(
      "runuser",
      asAda("hop3", "run", "--app", "first", "--", "sh", "-c", "echo up; read line; echo got $line; exit 7").slice(1),
      { cwd: "/" },
    );
    let said = "";
    for (const stream of [session.stdout, session.stderr])
      stream.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
    const ended = once(session, "close");
    await until("the session runs", () => said.includes("up"));
    let isOver = false;
    const asked = { ok: 0, failed: [] as string[] };
    const client = (async () => {
      while (!isOver) {
        await ask("first.localhost").then(
          ({ status, body }) =>
            status === 200 && body === before ? (asked.ok += 1) : asked.failed.push(`${status} ${body}`),
          (error: Error) => asked.failed.push(error.message),
        );
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    const upgrade = spawn("runuser", install(newer).slice(1), { cwd: "/", stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    for (const stream of [upgrade.stdout, upgrade.stderr])
      stream.setEncoding("utf8").on("data", (chunk: string) => (out += chunk));
    const over = once(upgrade, "close");
    await until("the upgrade is under way", () => existsSync("/run/hop3-install.lock"));
    const second = spawn("runuser", install(newer).slice(1), { cwd: "/", stdio: ["ignore", "ignore", "pipe"] });
    let refusal = "";
    second.stderr.setEncoding("utf8").on("data", (chunk: string) => (refusal += chunk));
    assert.notEqual(((await once(second, "close")) as [number | null])[0], 0);
    assert.match(refusal, /Another installation or removal of Hop3 runs already/);
    const [status] = (await over) as [number | null];
    assert.equal(status, 0, out);
    await until("the new supervisor", () => !["0", supervisor].includes(show("hop3.service", "MainPID")));
    session.stdin.end("late\n");
    assert.deepEqual([(await ended)[0], said], [7, "up\ngot late\n"]);
    await until("the new version", () => /^version +0\.9\.9/m.test(run(asAda("hop3", "system", "info")).out));
    isOver = true;
    await client;
    t.diagnostic(`${asked.ok} requests answered, ${asked.failed.length} failed during the upgrade`);
    assert.deepEqual(asked.failed, []);
    assert.ok(asked.ok > 50, String(asked.ok));
    assert.notEqual(show("hop3.service", "MainPID"), supervisor);
    assert.match(readlinkSync("/usr/lib/hop3/current"), /^0\.9\.9-/);
    assert.match(ok(install(newer)), /nothing to do/);
  });

  it("ends all apps when it is stopped, and brings them back", async () => {
    ok(["systemctl", "stop", "hop3"]);
    assert.doesNotMatch(ok(["ps", "-eo", "args"]), /serve\.py|hop3d\.ts|caddy/);
    ok(["systemctl", "start", "hop3"]);
    await until("the app", async () => (await ask("first.localhost")).status === 200);
  });

  it("keeps the code of the version before, and of no other that nothing runs from", () => {
    ok(["sed", "-i", 's/"version": "[^"]*"/"version": "0.9.10"/', "/root/newer/package.json"]);
    ok(install("/root/newer"));
    const versions = readdirSync("/usr/lib/hop3").filter((name) => /^\d/.test(name));
    assert.deepEqual(
      versions.map((name) => name.replace(/-[0-9a-f]+$/, "")),
      ["0.9.10", "0.9.9"],
    );
  });

  it("is uninstalled by who types the host's name, and keeps the data", async () => {
    const refused = run(["/root/newer/bin/hop3", "server", "uninstall"]);
    assert.equal(refused.status, 10, refused.out);
    assert.match(ok(["/root/newer/bin/hop3", "server", "uninstall", "--confirm=hop3-test"]), /Kept: \/var\/lib\/hop3/);
    for (const path of ["/usr/lib/hop3", hop3, "/etc/systemd/system/hop3.service", "/run/hop3"])
      assert.ok(!existsSync(path), path);
    ok(install("/root/newer"));
    await until("the app is back", async () => (await ask("first.localhost")).status === 200);
  });

  it("is purged, and nothing is left", () => {
    ok(["/root/newer/bin/hop3", "server", "uninstall", "--purge", "--yes"]);
    for (const path of ["/usr/lib/hop3", hop3, "/var/lib/hop3", "/etc/hop3", "/run/hop3"])
      assert.ok(!existsSync(path), path);
    assert.equal(ok(["find", "/proc/net/", "-maxdepth", "1", "!", "-group", "root"]).trim(), "");
    assert.equal(statSync("/proc/net/tcp").mode & 0o777, 0o444);
    for (const file of ["passwd", "group"]) assert.doesNotMatch(readFileSync(`/etc/${file}`, "utf8"), /hop3/);
    assert.doesNotMatch(ok(["nft", "list", "tables"]), /hop3/);
    assert.equal(ok(["find", "/sys/fs/cgroup", "-name", "*hop3-apps*"]).trim(), "");
    assert.doesNotMatch(ok(["systemctl", "list-unit-files"]), /^hop3(-apps)?\.service/m);
    assert.doesNotMatch(ok(["ps", "-eo", "user:20,args"]), /^hop3|caddy|hop3d\.ts/m);
  });
});
