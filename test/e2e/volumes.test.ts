/** Volumes on a real platform: what an app keeps stays over deploys, rollbacks, deaths and clean-up, and goes with the app. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { AppDisk } from "#core/api/disk.ts";
import { apiPrefix } from "#core/api/prefix.ts";
import { exec } from "#sys/exec.ts";
import { assertAnswers, deployLive, eventually } from "./apps.ts";
import { startPlatform, tarOf, type RunningPlatform } from "./platform.ts";

const app = "album";
/** Says its version, and what is in the volume. */
const server = `import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write((open("version").read() + " " + open("var/pictures/log").read().replace("\\n", " ")).encode())
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
`;
const note = (who: string) => `echo ${who} >> var/pictures/log`;

let platform: RunningPlatform;
let source: string;
before(async () => {
  platform = await startPlatform();
  source = join(platform.base, "source");
  mkdirSync(join(source, "site/var/pictures"), { recursive: true });
  write("serve.py", server);
  write("var/pictures/log", "shipped\n");
  const worker = `[ -e $HOP3_DATA_DIR/worked ] || ${note("worker")}; touch $HOP3_DATA_DIR/worked; exec sleep 1000`;
  // A build sees what was shipped, never the volume.
  writeFileSync(
    join(source, "Procfile"),
    `web: exec python3 serve.py\nworker: ${worker}\nprerun: ${note("hook")}\nbuild: ${note("build")}\n`,
  );
  const volume = '[[volumes]]\nname = "pictures"\ntarget = "var/pictures"\n';
  const cron = `[[cron]]\nname = "tidy"\nschedule = "@yearly"\ncommand = "${note("cron")}"\n`;
  writeFileSync(join(source, "hop3.toml"), `[build]\ndirectory = "site"\n${volume}${cron}`);
});
after(() => platform.stop());

const write = (path: string, text: string) => writeFileSync(join(source, "site", path), text);
const kept = (path = "") => join(platform.layout.volume(app, "pictures"), path);
const log = () => readFileSync(kept("log"), "utf8").trim().split("\n");
const shows = (contains: string) => assertAnswers(platform.edge(app), { path: "/", status: 200, contains });

async function deploy(version: string): Promise<void> {
  write("version", version);
  await deployLive(platform, source, app);
}

async function hop3(...line: string[]): Promise<{ status: number | null; said: string }> {
  const argv = [process.execPath, join(import.meta.dirname, "../../cmd/hop3.ts"), ...line];
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: platform.base,
    HOP3_API_URL: platform.apiUrl.replace(apiPrefix, ""),
    HOP3_API_TOKEN: platform.token,
  };
  const ran = await exec(argv, { cwd: platform.base, env, timeoutMs: 60_000 });
  return { status: ran.exitCode, said: ran.stdout + ran.stderr };
}

suite("a volume that is kept", () => {
  test("is filled with what was shipped and built, and seen by everything of the app that runs", async () => {
    await deploy("v1");
    await shows("v1 shipped build hook");
    await eventually("the worker has written", () => log().includes("worker"));
    const run = `${platform.apiUrl}/apps/${app}/cron/tidy/run`;
    await (await fetch(run, { method: "POST", headers: { authorization: `Bearer ${platform.token}` } })).text();
    const ran = await hop3("run", "--app", app, "--", "sh", "-c", note("person"));
    assert.equal(ran.status, 0, ran.said);
    assert.deepEqual(log(), ["shipped", "build", "hook", "worker", "cron", "person"]);
    await shows("v1 shipped build hook worker cron person");
  });

  test("is shown with the release and the plan", async () => {
    const shown = await hop3("release", "show", "--app", app);
    assert.match(shown.said, /volume pictures\s+kept at site\/var\/pictures/);
    const plan = await hop3("deploy", source, "--app", app, "--dry-run");
    assert.match(plan.said, /volumes:\n {2}pictures: kept at site\/var\/pictures/);
  });

  test("stays as it is over a redeploy that ships something else, and over the way back", async () => {
    write("var/pictures/log", "shipped again\n");
    await deploy("v2");
    await shows("v2 shipped build hook worker cron person hook");
    const back = await hop3("rollback", "--app", app);
    assert.equal(back.status, 0, back.said);
    await shows("v1 shipped build hook worker cron person hook");
  });

  test("stays when everything is killed, and when the builds that knew it are cleaned up", async () => {
    writeFileSync(kept("own"), "mine");
    await platform.killEverything();
    await platform.startAgain();
    await eventually(
      "it answers",
      () =>
        shows("v1 shipped").then(
          () => true,
          () => false,
        ),
      30_000,
    );
    for (const version of ["v3", "v4", "v5", "v6", "v7", "v8"]) await deploy(version);
    const trees = () =>
      readdirSync(`${platform.layout.app(app)}/builds`).filter((build) =>
        existsSync(platform.layout.buildTree(app, Number(build))),
      );
    await eventually("old builds are gone", () => !trees().includes("1") && !trees().includes("2"));
    assert.deepEqual([readFileSync(kept("own"), "utf8"), log()[0]], ["mine", "shipped"]);
    await shows("v8 shipped");
  });

  test("counts in what the app takes of the disk", async () => {
    writeFileSync(kept("large"), "x".repeat(3_000_000));
    const { parts } = (await platform.api("GET", `/apps/${app}/disk?fresh=true`)) as AppDisk;
    const part = parts.find(({ name }) => name === "volumes");
    assert.ok((part?.bytes ?? 0) >= 3_000_000 && part?.files === 5, JSON.stringify(part));
  });

  test("goes with the app, whatever was made in it", async () => {
    mkdirSync(kept("closed/inner"), { recursive: true });
    chmodSync(kept("closed"), 0);
    await platform.destroy(app);
    assert.equal(existsSync(platform.layout.app(app)), false);
    assert.deepEqual(
      readdirSync(platform.layout.apps).filter((name) => !name.startsWith(".")),
      [],
    );
  });
});

suite("a deploy that is killed while its volume is filled", () => {
  test("is undone with everything, and the next one fills it whole", async () => {
    const big = join(source, "site/var/pictures/big");
    write("var/pictures/log", "shipped\n");
    writeFileSync(big, "x".repeat(60_000_000));
    write("version", "v1");
    const sent = fetch(`${platform.apiUrl}/apps/${app}/deploys?create=true`, {
      method: "POST",
      headers: { authorization: `Bearer ${platform.token}`, "content-type": "application/x-tar" },
      body: await tarOf(source),
    });
    assert.equal((await sent).status, 202);
    await eventually(
      "it is being filled",
      () => existsSync(join(platform.layout.volumes(app), ".pictures/big")),
      60_000,
    );
    await platform.killEverything();
    assert.equal(existsSync(kept()), false);
    rmSync(big);
    await platform.startAgain();
    await deploy("v2");
    await shows("v2 shipped build hook");
    assert.deepEqual(readdirSync(platform.layout.volumes(app)), ["pictures"]);
    assert.deepEqual(readdirSync(kept()), ["log"]);
    await platform.destroy(app);
  });
});

suite("a volume that this server cannot have", () => {
  test("is refused before anything is built, by the plan too, and what serves goes on", async () => {
    await deploy("v1");
    const tmpfs = '[[volumes]]\nname = "scratch"\ntarget = "tmp"\ntype = "tmpfs"\nsize = "64M"\n';
    const [limits, why] =
      platform.settings.mode === "system"
        ? ['[limits]\nmemory = "64M"\n', "Its tmpfs volumes may take 64M of memory, which is not less than the 64M"]
        : ["", "The volume scratch is a tmpfs, which needs system mode"];
    const build = '[build]\ndirectory = "site"\nbefore-build = "exit 9"\n';
    writeFileSync(join(source, "hop3.toml"), `${build}${tmpfs}${limits}`);
    const result = await platform.deploy(source, app);
    assert.ok(result.outcome === "failed");
    assert.equal(result.error.code, "VOLUME_UNAVAILABLE");
    assert.ok(result.error.message.startsWith(why), result.error.message);
    const plan = await hop3("deploy", source, "--app", app, "--dry-run");
    assert.ok(plan.said.includes(`VOLUME_UNAVAILABLE: ${why}`), plan.said);
    await shows("v1 shipped");
  });

  test("is refused where the edge alone would serve it", async () => {
    const site = join(platform.base, "static");
    mkdirSync(site);
    writeFileSync(join(site, "index.html"), "hello");
    writeFileSync(join(site, "hop3.toml"), '[[volumes]]\nname = "a"\ntarget = "a"\n');
    const result = await platform.deploy(site, "page");
    assert.ok(result.outcome === "failed");
    assert.match(result.error.message, /\[\[volumes\]\] means nothing where the edge serves the app/);
  });
});
