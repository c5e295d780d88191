/** Old instances that are kept warm for a rollback, on a real platform, told from one another by their pids. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, suite, test } from "node:test";
import { instanceTable } from "#cli/instance-table.ts";
import type { ProcessView } from "#core/api/processes.ts";
import { assertAnswers, deployLive, eventually } from "./apps.ts";
import { openEvents } from "./events-through-edge.ts";
import { faultsDirectory } from "./faulty/points.ts";
import { unrest } from "./faulty/remains.ts";
import { fetchThroughEdge } from "./http-through-edge.ts";
import { processesOf, startPlatform, type RunningPlatform } from "./platform.ts";

/** A drain without connections takes half a second, and on a busy machine some seconds: that must not look like a grace that is over. */
const drainSeconds = 10;
const server = `import http.server, os, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        if self.path != "/events":
            self.end_headers()
            return self.wfile.write(f'{open("version").read()} {os.environ.get("COLOR", "none")} {os.getpid()}'.encode())
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        while True:
            self.wfile.write(b"data: on\\n\\n")
            self.wfile.flush()
            time.sleep(0.1)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
`;

let platform: RunningPlatform;
before(async () => {
  platform = await startPlatform({
    supervisor: join(import.meta.dirname, "faulty/supervisor.ts"),
    onRoot: async (root) => {
      const directory = faultsDirectory(dirname(root));
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, "drain-seconds"), String(drainSeconds));
    },
  });
});
after(() => platform.stop());

/** Writes the app's source; `deploy` of it uploads another version. */
function source(app: string, toml = ""): { deploy(version: string): Promise<unknown> } {
  const dir = join(platform.base, "sources", app);
  mkdirSync(dir, { recursive: true });
  const files = {
    "serve.py": server,
    Procfile: "web: exec python3 serve.py\n",
    ...(toml === "" ? {} : { "hop3.toml": toml }),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return {
    deploy(version) {
      writeFileSync(join(dir, "version"), version);
      return deployLive(platform, dir, app);
    },
  };
}

/** The pid of who answers, which must show `says`. */
async function serving(app: string, says: string): Promise<string> {
  const { body } = await assertAnswers(platform.edge(app), { path: "/", status: 200, contains: says });
  return body.split(" ").at(-1) ?? "";
}

async function rollback(app: string, release?: number): Promise<void> {
  const { deploy } = (await platform.api(
    "POST",
    `/apps/${app}/rollback`,
    release === undefined ? {} : { release },
  )) as {
    deploy: number;
  };
  let state = "";
  await eventually("the rollback has an end", async () => {
    ({ state } = (await platform.api("GET", `/apps/${app}/deploys/${deploy}`)) as { state: string });
    return state !== "running" && state !== "waiting";
  });
  assert.equal(state, "succeeded");
}

async function processes(app: string): Promise<readonly ProcessView[]> {
  return ((await platform.api("GET", `/apps/${app}/processes`)) as { processes: ProcessView[] }).processes;
}

const states = async (app: string) =>
  (await processes(app))
    .flatMap(({ instances }) => instances.map(({ release, state }) => `${release} ${state}`))
    .toSorted();

suite("a rollback", () => {
  test("is served by the very process that served before, which was shown as warm, and the way forward too", async () => {
    const { deploy } = source("ledger");
    await deploy("one");
    const first = await serving("ledger", "one");
    await deploy("two");
    const second = await serving("ledger", "two");
    assert.deepEqual(await states("ledger"), ["1 warm", "2 running"]);
    assert.match(instanceTable(await processes("ledger")), /web\.1 +warm +1 /);
    assert.equal(((await platform.api("GET", "/apps/ledger")) as { state: string }).state, "running");
    await rollback("ledger");
    assert.equal(await serving("ledger", "one"), first);
    assert.deepEqual(await states("ledger"), ["2 warm", "3 running"]);
    await rollback("ledger", 2);
    assert.equal(await serving("ledger", "two"), second);
    assert.deepEqual(await states("ledger"), ["3 warm", "4 running"]);
    // As any other that serves: it is restarted by what its release says.
    process.kill(Number(second), "SIGKILL");
    await eventually(
      "it is up again",
      async () => {
        const answer = await fetchThroughEdge(platform.edge("ledger"), "/").catch(() => undefined);
        return answer?.status === 200 && answer.body.startsWith("two") && !answer.body.endsWith(` ${second}`);
      },
      30_000,
    );
  });

  test("has a new process where a variable is another one, and the old one again where it is the same", async () => {
    const { deploy } = source("colors");
    await deploy("one");
    const set = (COLOR: string) => platform.api("PATCH", "/apps/colors/env", { set: { COLOR }, unset: [] });
    await set("red");
    const red = await serving("colors", "one red");
    await set("blue");
    const blue = await serving("colors", "one blue");
    assert.notEqual(blue, red);
    await set("green");
    assert.equal([red, blue].includes(await serving("colors", "one green")), false);
    await rollback("colors", 2);
    // Release 2 has left long ago, and release 3 is kept: it is the same build, but another color.
    assert.equal([red, blue].includes(await serving("colors", "one red")), false);
    const green = (await processes("colors"))
      .flatMap(({ instances }) => instances)
      .find(({ state }) => state === "warm");
    await set("green");
    assert.equal(await serving("colors", "one green"), String(green?.pid));
  });

  test("asks the kept process by the app's command before it serves again, and a refusal leaves what serves", async () => {
    const { deploy } = source("asked", "[healthcheck]\ncommand = 'sh well.sh'\nretries = 1\nstart_period = 0\n");
    const well = 'echo "$(cat version) $PROC_TYPE $PORT" >> "$HOP3_DATA_DIR/asked"; [ ! -e "$HOP3_DATA_DIR/sick" ]\n';
    writeFileSync(join(platform.base, "sources/asked/well.sh"), well);
    await deploy("one");
    const first = await serving("asked", "one");
    await deploy("two");
    const second = await serving("asked", "two");
    const data = (file: string) => join(platform.layout.appData("asked"), file);
    const asked = () => readFileSync(data("asked"), "utf8").trim().split("\n");
    const [once = ""] = asked();
    writeFileSync(data("sick"), "");
    await assert.rejects(rollback("asked"), { actual: "failed" });
    assert.equal(await serving("asked", "two"), second);
    rmSync(data("sick"));
    await deploy("three");
    const third = await serving("asked", "three");
    await rollback("asked", 2);
    assert.equal(await serving("asked", "two"), second);
    assert.notEqual(first, third);
    assert.match(once, /^one probe\.1 \d+$/);
    // The same process on the same port, asked once more.
    assert.deepEqual(new Set(asked().filter((line) => line.startsWith("two"))).size, 1);
    assert.equal(asked().at(-1)?.startsWith("two probe.1 "), true);
  });

  test("is cold where the app says so: nothing of the old release runs on", async () => {
    const { deploy } = source("cold", "[run]\nkeep-warm = 0\n");
    await deploy("one");
    const first = await serving("cold", "one");
    await deploy("two");
    assert.deepEqual(await states("cold"), ["2 running"]);
    await rollback("cold");
    assert.notEqual(await serving("cold", "one"), first);
  });

  test("is served by the kept process also after hop3d and the supervisor were killed", async () => {
    const { deploy } = source("killed");
    await deploy("one");
    const first = await serving("killed", "one");
    await deploy("two");
    const { services } = await platform.supervisor.call("status", {});
    process.kill(services.find(({ name }) => name === "hop3d")?.pid ?? assert.fail("hop3d does not run"), "SIGKILL");
    await platform.killSupervisor();
    await platform.startAgain();
    await eventually("all is at rest", async () => (await unrest(platform)) === undefined);
    assert.deepEqual(await states("killed"), ["1 warm", "2 running"]);
    await rollback("killed");
    assert.equal(await serving("killed", "one"), first);
  });
});

suite("what an old instance keeps", () => {
  test("a stream gets its grace over a deploy, and then a close; what held it is not kept", async () => {
    const { deploy } = source("streams");
    await deploy("one");
    const stream = await openEvents(platform.edge("streams"), "/events");
    await stream.next();
    const began = performance.now();
    await deploy("two");
    await assert.rejects(async () => {
      for (;;) await stream.next();
    }, /has ended/);
    assert.ok(performance.now() - began >= drainSeconds * 1000, "it was cut before its time");
    assert.deepEqual(await states("streams"), ["2 running"]);
  });

  test("ends with a stop, and with the app", async () => {
    const { deploy } = source("stopped");
    await deploy("one");
    await deploy("two");
    await platform.api("POST", "/apps/stopped/stop");
    assert.deepEqual(await states("stopped"), []);
    await platform.api("POST", "/apps/stopped/start");
    await deploy("three");
    assert.deepEqual(await states("stopped"), ["2 warm", "3 running"]);
    await platform.destroy("stopped");
    assert.deepEqual(await processesOf(platform.layout.app("stopped")), []);
  });
});
