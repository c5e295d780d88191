/** Web, worker and a third type go live together or not at all; on a real platform, by the pids that are there afterwards. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { assertAnswers, deployLive, eventually } from "./apps.ts";
import { processesOf, startPlatform, type RunningPlatform } from "./platform.ts";

const app = "shop";

/** Answers `/health` as `health` says; everything else with its version. */
const server = `import http.server, os, time
wait, status = open("health").read().split()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/health":
            time.sleep(float(wait))
        self.send_response(int(status) if self.path == "/health" else 200)
        self.end_headers()
        self.wfile.write(open("version").read().encode())
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
`;

/** When it is asked to end it writes down who serves at that moment. */
const worker = `import http.client, os, signal, sys, time
def end(*_):
    edge = http.client.HTTPConnection("127.0.0.1", int(os.environ["EDGE"]), timeout=5)
    edge.request("GET", "/", headers={"Host": "${app}.localhost"})
    with open(os.environ["HOP3_DATA_DIR"] + "/" + os.environ["PROC_TYPE"] + "-" + open("version").read(), "w") as file:
        file.write(edge.getresponse().read().decode())
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
while True:
    time.sleep(0.05)
`;

const sound = { worker: "exec python3 worker.py", clock: "exec python3 worker.py", health: "0 200" };
type Version = typeof sound;

const halves: Readonly<Record<string, { version: Partial<Version>; code: string; says: RegExp }>> = {
  "a worker that ends at once": {
    version: { worker: "echo no queue here; exit 4" },
    code: "APP_EXITED",
    says: /worker\.1 ended \(exit 4\)[^]*no queue here/,
  },
  "a worker that ends half a second after its start": {
    version: { worker: "sleep 0.5; echo queue lost; exit 5" },
    code: "APP_EXITED",
    says: /worker\.1 ended \(exit 5\)[^]*queue lost/,
  },
  "a worker that ends when it was up, while the web is probed": {
    version: { worker: "sleep 2; echo queue lost; exit 6", health: "3 200" },
    code: "APP_EXITED",
    says: /worker\.1 ended \(exit 6\)[^]*queue lost/,
  },
  "a third type that ends": {
    version: { clock: "echo no schedule; exit 7" },
    code: "APP_EXITED",
    says: /clock\.1 ended \(exit 7\)[^]*no schedule/,
  },
  "an unhealthy web": { version: { health: "0 503" }, code: "APP_UNHEALTHY", says: /web\.1[^]*503/ },
};

let platform: RunningPlatform;
let source: string;
before(async () => {
  platform = await startPlatform();
  source = join(platform.base, "source");
  mkdirSync(source);
  writeFileSync(join(source, "serve.py"), server);
  writeFileSync(join(source, "worker.py"), worker);
  writeFileSync(join(source, "ENV"), `EDGE=${platform.settings.httpPort}\n`);
  const health = '[healthcheck]\npath = "/health"\nstart_period = 0\ninterval = 0.2\nretries = 1\n';
  writeFileSync(join(source, "hop3.toml"), `[run]\nkeep-warm = 0\n${health}`);
  write("v1", {});
  await deployLive(platform, source, app);
});
after(() => platform.stop());

function write(version: string, changed: Partial<Version>): void {
  const { worker: mailer, clock, health } = { ...sound, ...changed };
  const lines = ["web: exec python3 serve.py", `worker: ${mailer}`, `clock: ${clock}`, ""];
  writeFileSync(join(source, "Procfile"), lines.join("\n"));
  writeFileSync(join(source, "health"), health);
  writeFileSync(join(source, "version"), version);
}

/** What runs of the app, by the supervisor and by the system. */
async function running(): Promise<{ instances: string[]; pids: number[] }> {
  const found = (await platform.supervisor.call("status", {})).apps.find((one) => one.app === app);
  const instances = (found?.instances ?? []).map(({ type, pid, state }) => `${type} ${state} ${pid}`);
  const pids = await processesOf(platform.layout.app(app));
  return { instances: instances.toSorted(), pids: pids.toSorted((a, b) => a - b) };
}

suite("a release of several process types", () => {
  for (const [what, { version, code, says }] of Object.entries(halves)) {
    test(`with ${what} replaces nothing, and leaves nothing`, async () => {
      await assertAnswers(platform.edge(app), { path: "/", status: 200, contains: "v1" });
      const old = await running();
      assert.equal(old.instances.length, 3);
      write("v2", version);
      const result = await platform.deploy(source, app);
      assert.ok(result.outcome === "failed", "half of it went live");
      assert.equal(result.error.code, code, result.error.message);
      assert.match([result.error.message, ...result.error.details].join("\n"), says);
      assert.deepEqual(await running(), old);
      await assertAnswers(platform.edge(app), { path: "/", status: 200, contains: "v1" });
    });
  }

  test("switches as one: each old process is asked to end when the new web serves", async () => {
    const old = await running();
    write("v3", {});
    await deployLive(platform, source, app);
    const said = (type: string) => readFileSync(join(platform.layout.appData(app), `${type}.1-v1`), "utf8");
    assert.deepEqual([said("worker"), said("clock")], ["v3", "v3"]);
    await eventually("the old ones are gone", async () => {
      const { pids } = await running();
      return old.pids.every((pid) => !pids.includes(pid));
    });
    const now = await running();
    assert.deepEqual(
      now.instances.map((one) => one.split(" ").slice(0, 2).join(" ")),
      ["clock ready", "web ready", "worker ready"],
    );
  });
});
