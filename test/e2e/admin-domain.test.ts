/**
 * The API at a name of its own behind the edge, by HTTPS: what a person elsewhere has. The real client and the real git do
 * there what they do on loopback; what a visitor writes into headers changes nothing; a token that is revoked ends what it
 * has open.
 */
import assert from "node:assert/strict";
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { request as requestHttp, type IncomingHttpHeaders } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { apiPrefix } from "#core/api/prefix.ts";
import { systemClock } from "#sys/clock.ts";
import { openStore } from "#store/open.ts";
import { createToken, revokeToken } from "#store/tokens.ts";
import { assertAnswers, eventually } from "./apps.ts";
import { gitIn } from "./git-client.ts";
import { nextPort, processesOf, startPlatform, type RunningPlatform } from "./platform.ts";

const admin = "hop3.localhost";
const client = join(import.meta.dirname, "../../cmd/hop3.ts");

let platform: RunningPlatform;
let port: number;
let authority: string;
let home: string;
let dir: string;

type Running = { readonly child: ChildProcessWithoutNullStreams; said: string; readonly ended: Promise<number | null> };

function start(line: readonly string[], token?: string): Running {
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    NODE_EXTRA_CA_CERTS: authority,
    ...(token === undefined ? {} : { HOP3_API_URL: `https://${admin}:${port}`, HOP3_API_TOKEN: token }),
  };
  const child = spawn(process.execPath, [client, ...line], { cwd: "/", env });
  child.stdin.on("error", () => undefined);
  const running: Running = {
    child,
    said: "",
    ended: new Promise((resolve) => child.on("close", (code) => resolve(code))),
  };
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (running.said += String(chunk)));
  return running;
}

async function hop3(line: readonly string[], input = ""): Promise<{ status: number | null; said: string }> {
  const running = start(line);
  running.child.stdin.end(input);
  return { status: await running.ended, said: running.said };
}

type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string };

/** What anybody may send to the edge, by HTTPS or not. */
function ask(by: "http" | "https", path: string, headers: Record<string, string | string[]> = {}): Promise<Answer> {
  const { host = admin, ...others } = headers;
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", path, headers: { host: String(host), ...others }, agent: false };
    const outgoing =
      by === "http"
        ? requestHttp({ ...options, port: platform.settings.httpPort })
        : request({ ...options, port, servername: admin, ca: readFileSync(authority) });
    outgoing.on("error", reject).on("response", (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    outgoing.end();
  });
}

before(async () => {
  port = process.env["HOP3_TEST_MODE"] === "system" ? 443 : await nextPort();
  platform = await startPlatform({ https: { port }, adminDomain: admin });
  authority = join(platform.layout.edgeStorage, "pki/authorities/local/root.crt");
  home = join(platform.base, "home");
  dir = join(platform.base, "source");
  mkdirSync(home);
  mkdirSync(dir);
  writeFileSync(join(dir, "Procfile"), "worker: while :; do echo tick; sleep 1; done\n");
  const answers = () => ask("https", `${apiPrefix}/version`).then(({ status }) => status === 200);
  await eventually("the admin domain answers", () => answers().catch(() => false), 20_000);
});
after(() => platform.stop());

describe("the API at a name of its own", () => {
  it("takes a login, deploys, answers and follows as on loopback", async () => {
    const url = `https://${admin}:${port}`;
    const login = await hop3(["login", url, "--token-stdin"], platform.token);
    assert.equal(login.status, 0, login.said);
    const deployed = await hop3(["deploy", dir, "--app", "ticker"]);
    assert.equal(deployed.status, 0, deployed.said);
    assert.match((await hop3(["apps"])).said, /ticker +running/);
    const ran = await hop3(["run", "--app", "ticker", "--", "sh", "-c", "cat; exit 7"], "by the edge");
    assert.deepEqual([ran.status, ran.said], [7, "by the edge"]);
    const logs = start(["logs", "-f", "--app", "ticker"]);
    await eventually("lines come as they are printed", () => (logs.said.match(/tick/g) ?? []).length > 3, 20_000);
    logs.child.kill("SIGINT");
    await logs.ended;
  });

  it("takes an upload of many megabytes without holding it", async () => {
    const big = join(platform.base, "big");
    mkdirSync(big);
    writeFileSync(join(big, "Procfile"), "worker: exec sleep 100000\n");
    writeFileSync(join(big, "noise"), randomBytes(96 * 1024 * 1024));
    const deployed = await hop3(["deploy", big, "--app", "big"]);
    assert.equal(deployed.status, 0, deployed.said);
  });

  it("takes git push", async () => {
    const git = await gitIn(join(platform.base, "tree"), { GIT_SSL_CAINFO: authority, no_proxy: "*" });
    await git.must("config", "http.curloptResolve", `${admin}:${port}:127.0.0.1`);
    await git.commit({ "index.html": "pushed by https\n" });
    const pushed = await git.run("push", `https://git:${platform.token}@${admin}:${port}/git/page.git`, "main");
    assert.equal(pushed.status, 0, pushed.said);
    assert.match(pushed.said, /remote: /);
    await assertAnswers(platform.edge("page"), { path: "/", status: 200, contains: "pushed by https" });
  });

  it("is not led on to by HTTP when a token has come in clear, and leads others to HTTPS", async () => {
    const led = await ask("http", `${apiPrefix}/version?x=1`);
    assert.deepEqual(
      [led.status, led.headers.location],
      [308, `https://${admin}${port === 443 ? "" : `:${port}`}${apiPrefix}/version?x=1`],
    );
    const refused = await ask("http", `${apiPrefix}/apps`, { authorization: `Bearer ${platform.token}` });
    assert.equal(refused.status, 403);
    assert.equal(refused.headers["content-type"], "application/problem+json");
    assert.match(refused.body, /"code":"DENIED".*|Revoke the token/);
  });

  it("answers to this name alone, on each of its addresses", async () => {
    assert.equal((await ask("https", `${apiPrefix}/version`, { host: "evil.example" })).status, 404);
    assert.equal((await ask("https", `${apiPrefix}/version`, { host: "localhost" })).status, 404);
    const direct = await fetch(`${platform.apiUrl}/version`);
    assert.equal(direct.status, 200);
    // By TCP it is loopback's: a page whose name leads here does not reach it.
    const rebound = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { host: admin };
      const options = { host: "127.0.0.1", port: platform.settings.apiPort, path: `${apiPrefix}/version`, headers };
      requestHttp(options, (response) => resolve(response.resume().statusCode))
        .on("error", reject)
        .end();
    });
    assert.equal(rebound, 403);
  });

  it("believes the edge where a request comes from, and no header that a visitor can write", async () => {
    const agent = `probe-${randomBytes(8).toString("hex")}`;
    const spoofed: Record<string, string | string[]>[] = [
      { "x-forwarded-for": "9.9.9.9" },
      { "x-forwarded-for": ["9.9.9.9", "8.8.8.8"] },
      { x_forwarded_for: "9.9.9.9" },
      { "X-Forwarded_For": "9.9.9.9" },
      { forwarded: "for=9.9.9.9;host=evil.example" },
      { "x-real-ip": "9.9.9.9", x_real_ip: "9.9.9.9" },
      { "x-forwarded-host": "evil.example", "x-forwarded-proto": "http" },
      { "x-remote-user": "admin", remote_user: "admin", "x-forwarded-user": "admin" },
      { connection: "x-forwarded-for", "x-forwarded-for": "9.9.9.9" },
    ];
    for (const [index, headers] of spoofed.entries()) {
      const { status, body } = await ask("https", `${apiPrefix}/whoami`, {
        ...headers,
        "x-request-id": `${agent}-${index}`,
      });
      // Nobody becomes somebody by a header.
      assert.equal(status, 401, body);
    }
    const logged = () =>
      readdirSync(platform.layout.logs, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .flatMap(({ parentPath, name }) => readFileSync(join(parentPath, name), "utf8").split("\n"))
        .filter((line) => line.includes(agent));
    await eventually("all are in the log", () => logged().length === spoofed.length);
    for (const line of logged()) assert.match(line, /"address":"127\.0\.0\.1"/);
  });

  it("is no app's name", async () => {
    const taken = await hop3(["domain", "add", admin, "--app", "ticker"]);
    assert.match(taken.said, /own API/);
    const named = await hop3(["deploy", dir, "--app", "hop3"]);
    assert.match(named.said, /own API/);
  });
});

describe("a token that is revoked", () => {
  const seconds = 5;
  let revoke: () => Promise<boolean>;
  let token: string;
  const withToken = async () => {
    const store = await openStore({ file: platform.layout.database, clock: systemClock });
    const made = await createToken(store, { user: "admin", name: "stolen" });
    token = made.secret;
    revoke = async () => {
      const done = await revokeToken(store, made.token.id);
      await store.close();
      return done;
    };
  };
  /** Seconds from the end of the token to the end of the client. */
  const endOf = async (running: Running): Promise<number> => {
    assert.ok(await revoke());
    const began = performance.now();
    await running.ended;
    return (performance.now() - began) / 1000;
  };

  it("ends hop3 logs -f within 5 s, which says why", async () => {
    await withToken();
    const logs = start(["logs", "-f", "--app", "ticker"], token);
    await eventually("lines come", () => logs.said.includes("tick"), 20_000);
    const took = await endOf(logs);
    assert.ok(took < seconds, `${took} s`);
    assert.match(logs.said, /revoked/);
    assert.equal(await logs.ended, 4);
  });

  it("ends the following of a deploy within 5 s, and the deploy goes on", async () => {
    await withToken();
    const slow = join(platform.base, "slow");
    mkdirSync(slow);
    writeFileSync(join(slow, "Procfile"), "build: echo slowly; sleep 12\nworker: exec sleep 100000\n");
    const deploy = start(["deploy", slow, "--app", "slow"], token);
    await eventually("the build runs", () => deploy.said.includes("slowly"), 30_000);
    const took = await endOf(deploy);
    assert.ok(took < seconds, `${took} s`);
    assert.match(deploy.said, /revoked/);
    await eventually(
      "the deploy has ended well",
      async () => {
        const { apps } = (await platform.api("GET", "/apps")) as { apps: { app: string; release: number | null }[] };
        return apps.some(({ app, release }) => app === "slow" && release === 1);
      },
      40_000,
    );
  });

  it("ends hop3 run within 5 s with its whole tree, which says why", async () => {
    await withToken();
    const mark = `4${process.pid}`;
    const running = start(
      ["run", "--app", "ticker", "--", "sh", "-c", `echo up; sleep ${mark} & sleep ${mark}`],
      token,
    );
    await eventually("the command runs", () => running.said.includes("up"), 20_000);
    const sleeping = async () => {
      const all = await processesOf(platform.base);
      return all.filter((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(mark);
        } catch {
          return false;
        }
      });
    };
    assert.ok((await sleeping()).length > 0);
    const took = await endOf(running);
    assert.ok(took < seconds, `${took} s`);
    assert.match(running.said, /revoked/);
    await eventually("nothing of its tree is left", async () => (await sleeping()).length === 0, 5000);
  });

  it("is not good for a new request either", async () => {
    await withToken();
    assert.ok(await revoke());
    const { status } = await ask("https", `${apiPrefix}/whoami`, { authorization: `Bearer ${token}` });
    assert.equal(status, 401);
  });
});
