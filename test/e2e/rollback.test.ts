/** Releases and the way back to one, by the real client on a real platform. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { apiPrefix } from "#core/api/prefix.ts";
import { exec } from "#sys/exec.ts";
import { assertAnswers, deployLive, eventually } from "./apps.ts";
import { startPlatform, type RunningPlatform } from "./platform.ts";

const app = "ledger";
const server = `import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write((open("version").read() + " " + os.environ.get("COLOR", "none")).encode())
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
`;

let platform: RunningPlatform;
let source: string;

before(async () => {
  platform = await startPlatform();
  source = join(platform.base, "source");
  mkdirSync(source);
  writeFileSync(join(source, "serve.py"), server);
  const lines = ["build: echo built >> $HOP3_DATA_DIR/builds", "release: echo run >> $HOP3_DATA_DIR/released"];
  writeFileSync(join(source, "Procfile"), [...lines, "web: exec python3 serve.py", ""].join("\n"));
});
after(() => platform.stop());

async function deploy(version: string, procfile = ""): Promise<void> {
  writeFileSync(join(source, "version"), version);
  if (procfile !== "") writeFileSync(join(source, "Procfile"), procfile, { flag: "a" });
  await deployLive(platform, source, app);
}

type Ran = { readonly status: number | null; readonly data: Record<string, unknown>; readonly said: string };

async function hop3(...line: string[]): Promise<Ran> {
  const argv = [process.execPath, join(import.meta.dirname, "../../cmd/hop3.ts"), ...line, "--app", app, "--json"];
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: platform.base,
    HOP3_API_URL: platform.apiUrl.replace(apiPrefix, ""),
    HOP3_API_TOKEN: platform.token,
  };
  const ran = await exec(argv, { cwd: platform.base, env, timeoutMs: 60_000 });
  const { data } = JSON.parse(ran.stdout || ran.stderr) as { data?: Ran["data"] };
  return { status: ran.exitCode, data: data ?? {}, said: ran.stdout + ran.stderr };
}

async function done(...line: string[]): Promise<Ran["data"]> {
  const { status, data, said } = await hop3(...line);
  assert.equal(status, 0, said);
  return data;
}

const shows = (contains: string) => assertAnswers(platform.edge(app), { path: "/", status: 200, contains });
const lines = (file: string) =>
  readFileSync(join(platform.layout.appData(app), file), "utf8")
    .trim()
    .split("\n").length;

suite("releases", () => {
  test("what serves is one of a list, and two can be compared without a value being told", async () => {
    await deploy("v1"); // release 1
    await done("env", "set", "COLOR=red"); // 2
    await deploy("v2", "worker: exec sleep 1000\n"); // 3
    await done("env", "set", "COLOR=blue", "SIZE=7"); // 4
    await shows("v2 blue");
    const { releases } = (await done("release", "list")) as { releases: { release: number; live: boolean }[] };
    assert.deepEqual(
      releases.map(({ release, live }) => [release, live]),
      [
        [4, true],
        [3, false],
        [2, false],
        [1, false],
      ],
    );
    const shown = await done("release", "show");
    assert.deepEqual([shown["release"], shown["variables"]], [4, ["COLOR", "SIZE"]]);
    const diff = await done("release", "diff", "2");
    assert.deepEqual(diff["build"], { from: 1, to: 2 });
    assert.deepEqual(diff["processes"], [{ type: "worker", from: null, to: "exec sleep 1000" }]);
    assert.deepEqual(diff["variables"], [
      { name: "COLOR", change: "changed" },
      { name: "SIZE", change: "added" },
    ]);
    assert.doesNotMatch(JSON.stringify([diff, shown, releases]), /red|blue/);
  });

  test("rollback brings code, processes and variables back without a build or a release command", async () => {
    const before = [lines("builds"), lines("released")];
    assert.deepEqual((await done("rollback", "2"))["restores"], 2); // 5
    await shows("v1 red");
    const names = ((await done("env", "show"))["variables"] as { name: string; source: string }[])
      .filter(({ source }) => source === "user")
      .map(({ name }) => name);
    assert.deepEqual(names, ["COLOR"]);
    const { instances } = ((await platform.supervisor.call("status", {})).apps.find((one) => one.app === app) ??
      assert.fail()) as { instances: readonly { type: string; state: string }[] };
    // The worker of release 4 has ended; its web instance is kept for a way back.
    assert.deepEqual(instances.map(({ type, state }) => `${type} ${state}`).toSorted(), ["web ready", "web warm"]);
    assert.deepEqual([lines("builds"), lines("released")], before);
  });

  test("again it goes one further back, and promote goes forward", async () => {
    assert.deepEqual((await done("rollback"))["restores"], 1); // 6
    await shows("v1 none");
    await done("release", "promote", "v4"); // 7
    await shows("v2 blue");
    assert.equal(((await done("release", "show"))["restores"] as number) === 4, true);
    // What comes after a rollback stands on what it brought back.
    await done("env", "set", "SIZE=8"); // 8
    await shows("v2 blue");
  });

  test("what cannot be brought back is refused, each for its reason, and nothing changes", async () => {
    for (const [line, status, say] of [
      [["rollback", "8"], 6, /serves already/],
      [["rollback", "99"], 3, /no release 99/],
      [["rollback", "0"], 2, /1 to/],
      [["rollback", "x;rm"], 2, /number/],
      [["release", "promote"], 2, /RELEASE/],
      [["release", "show", "99"], 3, /no release 99/],
      [["release", "diff", "8"], 2, /same/],
    ] as const) {
      const ran = await hop3(...line);
      assert.equal(ran.status, status, `${line.join(" ")}: ${ran.said}`);
      assert.match(ran.said, say);
    }
    const tree = platform.layout.buildTree(app, 1);
    await exec(["chmod", "-R", "u+w", tree]);
    rmSync(tree, { recursive: true });
    const gone = await hop3("rollback", "1");
    assert.equal(gone.status, 6, gone.said);
    assert.match(gone.said, /not kept any more.*brought back: 7, 4, 3/s);
    await shows("v2 blue");
  });

  test("a rollback that does not start leaves what serves, and the variables as they were", async () => {
    // The tree of release 3 loses what it needs; nobody but a broken disk can do that.
    const file = join(platform.layout.buildTree(app, 2), "serve.py");
    const program = readFileSync(file);
    await deploy("v3"); // 9
    await exec(["chmod", "-R", "u+w", platform.layout.buildTree(app, 2)]);
    writeFileSync(file, "raise SystemExit(3)\n");
    const failed = await hop3("rollback", "3");
    assert.equal(failed.status, 8, failed.said);
    assert.match(failed.said, /APP_EXITED/);
    await shows("v3 blue");
    const sizes = (
      (await platform.api("GET", `/apps/${app}/env/values`)) as { variables: { name: string; value: string }[] }
    ).variables;
    assert.equal(sizes.find(({ name }) => name === "SIZE")?.value, "8");
    writeFileSync(file, program);
  });

  test("hop3d and all else killed while it comes back: the old or the new, with its own variables", async () => {
    const response = await fetch(`${platform.apiUrl}/apps/${app}/rollback`, {
      method: "POST",
      headers: { authorization: `Bearer ${platform.token}`, "content-type": "application/json" },
      body: JSON.stringify({ release: 3 }),
    });
    assert.equal(response.status, 202);
    const { deploy } = (await response.json()) as { deploy: number };
    await platform.killEverything();
    await platform.startAgain();
    let state = "";
    await eventually("the rollback has an end", async () => {
      ({ state } = (await platform.api("GET", `/apps/${app}/deploys/${deploy}`)) as { state: string });
      return state !== "running";
    });
    await shows(state === "succeeded" ? "v2 red" : "v3 blue");
    const { variables } = (await platform.api("GET", `/apps/${app}/env/values`)) as {
      variables: { name: string; value: string }[];
    };
    const size = variables.find(({ name }) => name === "SIZE")?.value;
    assert.equal(size, state === "succeeded" ? undefined : "8");
    assert.ok(existsSync(platform.layout.releaseRecord(app, 9)));
  });
});
