/** What a person does with an app between deploys, by the real client on a real platform, and what the app's users see of it. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { apiPrefix } from "#core/api/prefix.ts";
import { exec } from "#sys/exec.ts";
import { assertAnswers, deployLive, eventually } from "./apps.ts";
import { fetchThroughEdge } from "./http-through-edge.ts";
import { startPlatform, type RunningPlatform } from "./platform.ts";

const app = "daily";

const server = `import http.server, os
if "BREAK" in os.environ: raise SystemExit(3)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print("asked for", self.path, flush=True)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(("color " + os.environ.get("COLOR", "none")).encode())
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
`;

let platform: RunningPlatform;
before(async () => {
  platform = await startPlatform();
  const dir = join(platform.base, "source");
  mkdirSync(dir);
  writeFileSync(join(dir, "serve.py"), server);
  writeFileSync(
    join(dir, "Procfile"),
    "build: echo built once\nweb: exec python3 serve.py\nworker: echo at work; exec sleep 1000\n",
  );
  await deployLive(platform, dir, app);
});
after(() => platform.stop());

type Ran = { readonly status: number | null; readonly data: Record<string, unknown>; readonly said: string };

/** The client, with its JSON answer. `until` ends it like Ctrl-C when a line of it is the one that is waited for. */
async function hop3(line: readonly string[], until?: (line: string) => boolean): Promise<Ran> {
  const argv = [process.execPath, join(import.meta.dirname, "../../cmd/hop3.ts"), ...line, "--app", app, "--json"];
  let pid = 0;
  let isEnding = false;
  const ran = await exec(argv, {
    cwd: platform.base,
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: platform.base,
      HOP3_API_URL: platform.apiUrl.replace(apiPrefix, ""),
      HOP3_API_TOKEN: platform.token,
    },
    timeoutMs: 30_000,
    onSpawn: (spawned) => (pid = spawned),
    onLine: (text) => {
      // Once: a second Ctrl-C ends the client as it stands.
      if (until?.(text) === true && !isEnding) {
        isEnding = true;
        process.kill(pid, "SIGINT");
      }
    },
  });
  assert.equal(ran.timedOut, false, `hop3 ${line.join(" ")} went on:\n${ran.stdout}\n${ran.stderr}`);
  const envelope = until === undefined ? (JSON.parse(ran.stdout || ran.stderr) as { data?: Ran["data"] }) : {};
  return { status: ran.exitCode, data: envelope.data ?? {}, said: ran.stdout + ran.stderr };
}

async function done(line: readonly string[]): Promise<Ran["data"]> {
  const { status, data, said } = await hop3(line);
  assert.equal(status, 0, said);
  return data;
}

const shows = (contains: string) => assertAnswers(platform.edge(app), { path: "/", status: 200, contains });

describe("between deploys", () => {
  it("ping asks the app the way its users do", async () => {
    const { status, url } = await done(["app", "ping"]);
    assert.deepEqual([status, url], [200, `http://${app}.localhost:${platform.settings.httpPort}`]);
  });

  it("ps lists what runs, and ps scale changes how many", async () => {
    const counts = ({ processes }: Ran["data"]) =>
      Object.fromEntries(
        (processes as { type: string; count: number; instances: { state: string }[] }[]).map(
          ({ type, count, instances }) => [type, [count, ...instances.map(({ state }) => state)]],
        ),
      );
    assert.deepEqual(counts(await done(["ps"])), { web: [1, "running"], worker: [1, "running"] });
    type Listed = { instances: { usage: { processes: number; memoryBytes: number; descriptors: number } | null }[] }[];
    for (const { instances } of (await done(["ps"]))["processes"] as Listed) {
      const { usage } = instances[0] ?? {};
      assert.ok(usage && usage.processes >= 1 && usage.memoryBytes > 1e5 && usage.descriptors >= 3, "what it takes");
    }
    await done(["ps", "scale", "web=2", "worker=0"]);
    assert.deepEqual(counts(await done(["ps"])), { web: [2, "running", "running"], worker: [0] });
    assert.equal((await hop3(["ps", "scale", "mail=1"])).status, 2);
    await done(["ps", "scale", "web=0", "worker=0"]);
    const idle = await done(["app", "show"]);
    assert.equal(idle["state"], "stopped");
    assert.match(String((idle["notes"] as string[])[0]), /scaled to 0/);
    await done(["ps", "scale", "web=1", "worker=1"]);
  });

  it("logs have what each process said, and go on with what it says now", async () => {
    const texts = ({ lines }: Ran["data"]) => (lines as { text: string }[]).map(({ text }) => text);
    assert.deepEqual([...new Set(texts(await done(["logs", "--process", "worker"])))], ["at work"]);
    assert.ok(texts(await done(["app", "build-logs"])).includes("built once"));
    const following = hop3(["logs", "-f", "--lines", "1"], (line) => line.includes("asked for /news"));
    let ended = false;
    void following.finally(() => (ended = true)).catch(() => undefined);
    await eventually("the new line is followed", async () => {
      await fetchThroughEdge(platform.edge(app), "/news");
      return ended;
    });
    assert.equal((await following).status, 130);
  });

  it("a variable is in force at once, and so is that it is gone", async () => {
    await shows("color none");
    await done(["env", "set", "COLOR=blue"]);
    await shows("color blue");
    assert.equal(((await done(["env", "get", "COLOR"])) as { value?: string }).value, "blue");
    await done(["env", "unset", "COLOR"]);
    await shows("color none");
    assert.equal((await hop3(["env", "unset", "COLOR"])).status, 3);
  });

  it("a domain leads to the app until it is removed", async () => {
    const www = { ...platform.edge(app), host: "www.example.com" };
    const listed = async () =>
      ((await done(["domain", "list"]))["domains"] as { domain: string }[]).map(({ domain }) => domain);
    await done(["domain", "add", "www.example.com"]);
    await assertAnswers(www, { path: "/", status: 200, contains: "color" });
    assert.deepEqual(await listed(), [`${app}.localhost`, "www.example.com"]);
    await done(["domain", "remove", "www.example.com"]);
    await assertAnswers(www, { path: "/", status: 404, contains: "No app" });
    assert.deepEqual(await listed(), [`${app}.localhost`]);
    assert.equal((await hop3(["domain", "remove", `${app}.localhost`])).status, 6);
  });

  it("what is stopped stays so, says so, takes neither restart nor scale, and starts again", async () => {
    await done(["app", "stop"]);
    assert.equal((await done(["app", "show"]))["state"], "stopped");
    await assertAnswers(platform.edge(app), { path: "/", status: 502, contains: "does not answer at the moment" });
    assert.equal((await hop3(["app", "restart"])).status, 6);
    assert.equal((await hop3(["ps", "scale", "web=2"])).status, 6);
    await platform.killEverything();
    await platform.startAgain();
    assert.equal((await done(["app", "show"]))["state"], "stopped");
    await done(["app", "start"]);
    await shows("color none");
    assert.equal((await done(["app", "show"]))["state"], "running");
  });

  it("what is set while it is stopped is in force when it starts; when it cannot start so, it stays stopped", async () => {
    const newest = async () =>
      ((await done(["release", "list"]))["releases"] as { release: number; reason: string }[])[0];
    const before = (await newest())?.release ?? assert.fail("no release");
    await done(["app", "stop"]);
    assert.equal((await done(["env", "set", "COLOR=green", "BREAK=1"]))["release"], null);
    const failed = await hop3(["app", "start"]);
    assert.equal(failed.status, 8, failed.said);
    assert.match(failed.said, /APP_EXITED/);
    assert.equal((await done(["app", "show"]))["state"], "stopped");
    assert.equal((await newest())?.release, before);
    await done(["env", "unset", "BREAK"]);
    assert.equal((await done(["app", "start"]))["state"], "running");
    await shows("color green");
    const made = await newest();
    assert.ok(made !== undefined && made.release > before && made.reason === "config", JSON.stringify(made));
    // Nothing was set meanwhile: what served serves again.
    await done(["app", "stop"]);
    await done(["app", "start"]);
    assert.deepEqual(await newest(), made);
    await done(["env", "unset", "COLOR"]);
  });

  it("an app of workers alone has no address, and its name is nobody's", async () => {
    const dir = join(platform.base, "toiler");
    mkdirSync(dir);
    writeFileSync(join(dir, "Procfile"), "worker: exec sleep 1000\n");
    assert.equal((await platform.deploy(dir, "toiler")).outcome, "live");
    const { apps } = (await platform.api("GET", "/apps")) as { apps: { app: string; state: string; urls: string[] }[] };
    const { state, urls } = apps.find((one) => one.app === "toiler") ?? assert.fail("it is not listed");
    assert.deepEqual([state, urls], ["running", []]);
    await assertAnswers(platform.edge("toiler"), { path: "/", status: 404, contains: "No app" });
    await assert.rejects(platform.api("POST", "/apps/toiler/ping"), /nothing to ping/);
  });

  it("the server tells of itself", async () => {
    const { services } = await done(["system", "info"]);
    assert.deepEqual((services as { name: string }[]).map(({ name }) => name).toSorted(), ["caddy", "hop3d"]);
    const { lines } = await done(["system", "logs", "--lines", "500"]);
    assert.ok((lines as { text: string }[]).some(({ text }) => text.includes('"serves"')));
  });
});
