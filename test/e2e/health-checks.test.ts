/** What a health check asks before a release takes over, on a real platform: which of the app, how often, and as whom. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { assertAnswers, deployLive, eventually } from "./apps.ts";
import { gatedApp } from "./faulty/gated-app.ts";
import { killHop3d, post, shown } from "./faulty/interruption.ts";
import { haltAt } from "./faulty/points.ts";
import { remainsOf, unrest } from "./faulty/remains.ts";
import { startPlatform, type RunningPlatform } from "./platform.ts";

let platform: RunningPlatform;
before(async () => {
  platform = await startPlatform({ supervisor: join(import.meta.dirname, "faulty/supervisor.ts") });
});
after(() => platform.stop());

/** Is unwell for its first seconds. */
const slow = `import http.server, os, time
up = time.time() + 4
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if time.time() > up else 503)
        self.end_headers()
        self.wfile.write(b"warm" if time.time() > up else b"loading the model")
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
`;

/** Takes connections and speaks no HTTP. */
const echo = `import os, socketserver
class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"hello, this is no http\\n")
class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
`;

/** Is well once as many are asked as `crowd` says; with `sick`, the first is not, and the others take their time. */
const met = `cd "$HOP3_DATA_DIR"
touch "asked.$PROC_TYPE"
n=0
until [ "$(ls | grep -c '^asked')" -ge "$(cat crowd 2>/dev/null || echo 1)" ]; do
  n=$((n+1))
  [ $n -lt 200 ] || exit 1
  sleep 0.05
done
[ -e sick ] || exit 0
[ "$PROC_TYPE" = probe.1 ] && exit 7
(setsid sleep 1000 &)
sleep 1000
`;

function write(name: string, files: Readonly<Record<string, string>>): string {
  const dir = join(platform.base, "apps", name);
  mkdirSync(dir, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text);
  return dir;
}

async function fails(dir: string, app: string): Promise<string> {
  const result = await platform.deploy(dir, app);
  assert.ok(result.outcome === "failed", `${app} went live`);
  assert.equal(result.error.code, "APP_UNHEALTHY", result.error.message);
  return [result.error.message, ...result.error.details].join("\n");
}

const dataOf = (app: string, file: string) => readFileSync(join(platform.layout.appData(app), file), "utf8");

suite("a health check", () => {
  test("lets an app that is slow to get well take its start period, and not without one", async () => {
    const files = (period: number) => ({
      Procfile: "web: exec python3 serve.py\n",
      "serve.py": slow,
      "hop3.toml": `[healthcheck]\npath = "/"\nstart_period = ${period}\ninterval = 0.5\nretries = 1\n`,
    });
    const told = await fails(write("hasty", files(0)), "hasty");
    assert.match(told, /web\.1 is not healthy: GET \/ answered 503, which is not 200-399\./);
    assert.match(told, /body begins with "loading the model"/);
    await deployLive(platform, write("patient", files(30)), "patient");
    await assertAnswers(platform.edge("patient"), { path: "/", status: 200, contains: "warm" });
  });

  test("of a socket takes a web that speaks no HTTP, which is unwell otherwise", async () => {
    const files = { Procfile: "web: exec python3 serve.py\n", "serve.py": echo };
    const http = '[healthcheck]\npath = "/"\nexpected_status = "100-599"\nstart_period = 0\nretries = 1\n';
    assert.match(await fails(write("talks", { ...files, "hop3.toml": http }), "talks"), /GET \/ could not be asked/);
    await deployLive(platform, write("talks", { ...files, "hop3.toml": "[healthcheck]\nsocket = true\n" }), "talks");
    assert.equal(await platform.listens("talks"), "tcp");
  });

  test("by command asks beside each web instance, as the app, as often as it must succeed", async () => {
    const app = "asked";
    const dir = write(app, {
      Procfile: "web: exec python3 -m http.server --bind 127.0.0.1 $PORT\nworker: exec sleep 1000\n",
      "hop3.toml":
        "[healthcheck]\ncommand = 'echo \"$PROC_TYPE $PORT $SECRET\" >> $HOP3_DATA_DIR/asked'\nsuccess_threshold = 2\ninterval = 0.1\n",
      ENV: "SECRET=shared\n",
    });
    await deployLive(platform, dir, app);
    await platform.api("PATCH", `/apps/${app}/processes`, { scale: { web: 2 } });
    writeFileSync(join(platform.layout.appData(app), "asked"), "");
    await deployLive(platform, dir, app);
    const lines = dataOf(app, "asked").trim().split("\n");
    assert.equal(lines.length, 4);
    for (const line of lines) assert.match(line, /^probe\.[12] \d{5} shared$/);
    assert.deepEqual(new Set(lines).size, 2);
  });

  test("asks web instances side by side, and the first that is not well ends what goes on of the others", async () => {
    const app = "crowd";
    const dir = write(app, {
      Procfile: "web: exec python3 -m http.server --bind 127.0.0.1 $PORT\n",
      "hop3.toml": "[healthcheck]\ncommand = 'sh met.sh'\ntimeout = 120\nretries = 1\nstart_period = 0\n",
      "met.sh": met,
    });
    await deployLive(platform, dir, app);
    await platform.api("PATCH", `/apps/${app}/processes`, { scale: { web: 3 } });
    const data = platform.layout.appData(app);
    const isAsked = (index: number) => join(data, `asked.probe.${index}`);
    rmSync(isAsked(1));
    writeFileSync(join(data, "crowd"), "3");
    await deployLive(platform, dir, app);
    for (const index of [1, 2, 3]) rmSync(isAsked(index));
    writeFileSync(join(data, "sick"), "");
    const since = performance.now();
    assert.match(await fails(dir, app), /web\.1 is not healthy: its health command ended with exit status 7/);
    // Half of what the others would have had.
    assert.ok(performance.now() - since < 60_000, "it waited for the others");
    let wrong: string | undefined;
    const rest = async () => (wrong = await unrest(platform)) === undefined;
    await eventually("the platform is at rest", rest).catch(() => assert.fail(wrong));
    await assertAnswers(platform.edge(app), { path: "/", status: 200, contains: "met.sh" });
  });

  test("by command asks once for an app without web, and gives no port", async () => {
    const dir = write("mailer", {
      Procfile: "mailer: exec sleep 1000\n",
      "hop3.toml": "[healthcheck]\ncommand = 'echo \"$PROC_TYPE $PORT\" >> $HOP3_DATA_DIR/asked'\n",
    });
    await deployLive(platform, dir, "mailer");
    assert.equal(dataOf("mailer", "asked"), "probe.1 \n");
  });
});

suite("while a health command runs", () => {
  const app = "gated";
  let versions = 0;
  const next = () => {
    const version = `gated-${(versions += 1)}`;
    const dir = gatedApp(platform.base, version);
    const command = "(setsid sleep 1000 &); sh gate.sh app:probe";
    writeFileSync(join(dir, "hop3.toml"), `[healthcheck]\ncommand = '${command}'\ntimeout = 60\n`);
    return { version, dir };
  };

  /** Stops a deploy in its health command, strikes, lets go, and waits for the deploy's end and for rest. */
  async function struck(strike: (deploy: number) => Promise<unknown>) {
    const before = { version: `gated-${versions}`, remains: remainsOf(platform, app) };
    const { version, dir } = next();
    const halt = haltAt(platform.base, "app:probe");
    const deploy = (await post(platform, dir, app)) ?? assert.fail("it was not taken");
    try {
      await halt.reached();
      await assertAnswers(platform.edge(app), { path: "/", status: 200, contains: before.version });
      await strike(deploy);
    } finally {
      halt.release();
    }
    let end: Awaited<ReturnType<typeof shown>>;
    await eventually("the deploy has an end", async () => {
      end = await shown(platform, app, deploy);
      return end !== undefined && end !== null && !["running", "queued"].includes(end.state);
    });
    let wrong: string | undefined;
    const rest = async () => (wrong = await unrest(platform)) === undefined;
    await eventually("the platform is at rest", rest).catch(() => assert.fail(wrong));
    const serves = end?.state === "succeeded" ? version : before.version;
    await assertAnswers(platform.edge(app), { path: "/", status: 200, contains: serves });
    if (serves === before.version) assert.deepEqual(remainsOf(platform, app), before.remains);
    versions = Number(serves.slice("gated-".length));
    return end;
  }

  before(() => deployLive(platform, next().dir, app));

  test("a cancel ends it with its whole tree", async () => {
    const end = await struck((deploy) => platform.api("POST", `/apps/${app}/deploys/${deploy}/cancel`));
    assert.equal(end?.state, "canceled");
  });

  test("kill -9 of hop3d undoes the deploy and ends the command", async () => {
    const end = await struck(() => killHop3d(platform));
    assert.deepEqual([end?.state, end?.error?.code], ["failed", "UNAVAILABLE"]);
  });

  test("kill -9 of the supervisor ends the command, which is asked again, and the deploy goes on", async () => {
    const end = await struck(async () => {
      await platform.killSupervisor();
      await platform.startAgain();
    });
    assert.equal(end?.state, "succeeded", JSON.stringify(end));
  });

  test("kill -9 of the new instance ends the deploy", async () => {
    const end = await struck(async () => {
      const found = (await platform.supervisor.call("status", {})).apps.find((one) => one.app === app);
      const pid = found?.instances.find(({ release }) => release > (found.live ?? 0))?.pid;
      assert.ok(typeof pid === "number");
      process.kill(pid, "SIGKILL");
      await eventually("its end is known", async () => {
        const apps = (await platform.supervisor.call("status", {})).apps.find((one) => one.app === app);
        return apps?.instances.some(({ state }) => state === "failed") === true;
      });
    });
    assert.equal(end?.state, "failed");
    assert.match(end?.error?.code ?? "", /^APP_EXITED$/);
  });

  test("kill -9 of hop3d in a restart ends the command too, and the next restart asks again", async () => {
    const halt = haltAt(platform.base, "app:probe");
    const restart = () => platform.api("POST", `/apps/${app}/restart`);
    const first = restart().catch(() => "the connection broke");
    try {
      await halt.reached();
      await killHop3d(platform);
      assert.equal(await first, "the connection broke");
      let wrong: string | undefined;
      const rest = async () => (wrong = await unrest(platform).catch(String)) === undefined;
      await eventually("the platform is at rest", rest).catch(() => assert.fail(wrong));
    } finally {
      halt.release();
    }
    await restart();
  });
});
