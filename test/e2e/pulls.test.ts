/** Deploys from elsewhere, as a person does them: the real client, a real platform, a real forge on the loopback. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { exec } from "#sys/exec.ts";
import { startForge, type Forge } from "../git-server.ts";
import { eventually } from "./apps.ts";
import { fetchThroughEdge } from "./http-through-edge.ts";
import { startPlatform, type RunningPlatform } from "./platform.ts";

type Ran = { readonly exit: number | null; readonly said: string };

describe("deploys from elsewhere", () => {
  let platform: RunningPlatform;
  let forge: Forge;
  let archive: { bytes: Buffer; sha256: string; file: string };
  /** Requests for it wait until this is called. */
  let release: (() => void) | undefined;

  before(async () => {
    platform = await startPlatform({ env: { HOP3_SOURCE_NETWORKS: "127.0.0.0/8" } });
    forge = await startForge({
      answer: (request, response) => {
        if (request.url?.startsWith("/slow/") === true) {
          release = () => response.writeHead(404).end();
          return true;
        }
        if (request.url?.startsWith("/site-1.0.tar.gz") !== true) return false;
        response.end(archive.bytes);
        return true;
      },
    });
    const made = join(platform.base, "made");
    mkdirSync(join(made, "site-1.0"), { recursive: true });
    writeFileSync(join(made, "site-1.0/index.html"), "of the archive");
    const file = join(platform.base, "site-1.0.tar.gz");
    execFileSync("tar", ["-C", made, "-czf", file, "site-1.0"]);
    const bytes = readFileSync(file);
    archive = { bytes, file, sha256: createHash("sha256").update(bytes).digest("hex") };
  });
  after(async () => {
    await forge?.close();
    await platform?.stop();
  });

  const hop3 = async (...words: readonly string[]): Promise<Ran> => hop3With(undefined, ...words);
  const hop3With = async (input: string | undefined, ...words: readonly string[]): Promise<Ran> => {
    const env = {
      PATH: process.env["PATH"] ?? "",
      HOME: platform.base,
      HOP3_API_URL: platform.apiUrl.replace("/api/v1", ""),
      HOP3_API_TOKEN: platform.token,
    };
    const argv = [process.execPath, join(import.meta.dirname, "../../cmd/hop3.ts"), ...words];
    const ran = await exec(argv, {
      cwd: platform.base,
      env,
      timeoutMs: 60_000,
      ...(input === undefined ? {} : { input }),
    });
    return { exit: ran.exitCode, said: ran.stdout + ran.stderr };
  };
  const logs = (): string[] =>
    readdirSync(platform.layout.logs, { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile())
      .map((one) => readFileSync(join(one.parentPath, one.name), "utf8"));
  const page = async (app: string): Promise<string> => (await fetchThroughEdge(platform.edge(app), "/")).body;
  const ok = ({ exit, said }: Ran): string => {
    assert.equal(exit, 0, said);
    return said;
  };

  it("a repository is fetched by the server and served; what was deployed is said", async () => {
    const commit = forge.commit("site", { "index.html": "of main" });
    forge.commit("site", { "index.html": "of live" }, "live");
    const said = ok(await hop3("deploy", "--git", `${forge.origin}/site`, "--app", "site"));
    assert.match(said, new RegExp(`receive: HEAD at ${commit.slice(0, 10)} \\(Files of main\\), 1 file`));
    assert.equal(await page("site"), "of main");
    ok(await hop3("deploy", "--git", `${forge.origin}/site`, "--branch", "live", "--app", "site"));
    assert.equal(await page("site"), "of live");
    ok(await hop3("deploy", "--git", `${forge.origin}/site`, "--ref", commit, "--app", "site"));
    assert.equal(await page("site"), "of main");
  });

  it("the app's own repository is remembered, its token kept to itself, and deployed by --pull", async () => {
    forge.commit("own", { "index.html": "one" });
    ok(await hop3("app", "launch", `${forge.origin}/own`, "own"));
    assert.match((await hop3("deploy", "--pull", "--app", "site")).said, /has no source to be fetched from/);
    ok(await hop3("deploy", "--pull", "--app", "own"));
    assert.equal(await page("own"), "one");
    ok(
      await hop3With(
        "canary-token\n",
        "git",
        "source",
        "set",
        `${forge.origin}/own`,
        "--branch",
        "main",
        "--token",
        "--app",
        "own",
      ),
    );
    forge.commit("own", { "index.html": "two" });
    ok(await hop3("deploy", "--pull", "--app", "own"));
    assert.equal(await page("own"), "two");
    assert.equal(forge.credentials.at(-1), `Basic ${Buffer.from("git:canary-token").toString("base64")}`);
    const shown = ok(await hop3("git", "source", "show", "--app", "own"));
    assert.match(shown, /ref +main\ntoken +of git/);
    const everything = JSON.stringify([await platform.api("GET", "/events?lines=500"), shown, ...logs()]);
    assert.ok(!everything.includes("canary-token") && everything.includes("app.source.set"));
    ok(await hop3("git", "source", "remove", "--app", "own"));
    assert.match(ok(await hop3("git", "source", "--app", "own")), /fetched from nowhere/);
  });

  it("an archive comes from a file or an address, without the folder that holds it all; a wrong digest is refused", async () => {
    ok(await hop3("deploy", archive.file, "--app", "packed"));
    assert.equal(await page("packed"), "of the archive");
    const url = `${forge.origin}/site-1.0.tar.gz?signature=canary-signature`;
    const said = ok(await hop3("deploy", url, "--sha256", archive.sha256, "--app", "fetched"));
    assert.equal(await page("fetched"), "of the archive");
    assert.ok(!said.includes("canary-signature"));
    const wrong = "0".repeat(64);
    for (const place of [url, archive.file]) {
      const refused = await hop3("deploy", place, "--sha256", wrong, "--app", "fetched");
      assert.notEqual(refused.exit, 0);
      assert.match(refused.said, /not the one that its digest names/);
      assert.match(refused.said, new RegExp(archive.sha256));
    }
    assert.equal(await page("fetched"), "of the archive");
    assert.match((await hop3("deploy", archive.file, "--dry-run", "--app", "packed")).said, /static/);
  });

  it("what cannot be fetched fails the deploy and says why; what serves goes on", async () => {
    forge.commit("site", { "index.html": "stays" });
    ok(await hop3("deploy", "--git", `${forge.origin}/site`, "--app", "stays"));
    for (const [line, words, exit] of [
      [["--git", `${forge.origin}/none`], /could not be fetched|is not open/, 8],
      [["--git", `${forge.origin}/site`, "--branch", "none"], /has no "none"/, 8],
      [["--git", "https://169.254.169.254/x"], /not on the public network/, 2],
      [["https://localhost.invalid/x.tgz"], /cannot be resolved/, 8],
      [["--git", "git@github.com:ada/blog"], /does not fetch by ssh yet/, 2],
      [["--git", `${forge.origin}/site`, "--branch=-x"], /no name of a branch/, 2],
      [["--git", `${forge.origin}/site`, "--pull"], /exclude each other/, 2],
    ] as const) {
      const refused = await hop3("deploy", ...line, "--app", "stays");
      assert.equal(refused.exit, exit, refused.said);
      assert.match(refused.said, words);
    }
    assert.equal(await page("stays"), "stays");
  });

  it("a fetch that hangs is ended by a cancel, and by a newer deploy with --replace, and leaves nothing", async () => {
    const begin = async () =>
      (await platform.api("POST", "/apps/slow/pulls", {
        from: { kind: "git", url: `${forge.origin}/slow/x` },
        create: true,
      })) as { deploy: number };
    const asked = forge.asked.length;
    const { deploy } = await begin();
    await eventually("the fetch has begun", () => forge.asked.length > asked);
    ok(await hop3("deploy", "cancel", String(deploy), "--app", "slow"));
    const { deploy: second } = await begin();
    forge.commit("fast", { "index.html": "fast" });
    ok(await hop3("deploy", "--git", `${forge.origin}/fast`, "--app", "slow", "--replace"));
    assert.equal(await page("slow"), "fast");
    const { state } = (await platform.api("GET", `/apps/slow/deploys/${second}`)) as { state: string };
    assert.equal(state, "canceled");
    const processes = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
    assert.ok(!processes.includes(`${forge.origin}/slow`), processes);
    assert.ok(release !== undefined);
  });

  it("a deploy whose fetch was interrupted by a kill is undone at the next start, and its git is gone", async () => {
    const asked = forge.asked.length;
    const { deploy } = (await platform.api("POST", "/apps/killed/pulls", {
      from: { kind: "git", url: `${forge.origin}/slow/killed` },
      create: true,
    })) as { deploy: number };
    await eventually("the fetch has begun", () => forge.asked.length > asked);
    await platform.killEverything();
    await platform.startAgain();
    await eventually("the deploy has its end", async () => {
      const { state } = (await platform.api("GET", `/apps/killed/deploys/${deploy}`)) as { state: string };
      return state === "failed";
    });
    const processes = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
    assert.ok(!processes.includes(`${forge.origin}/slow/killed`), processes);
    ok(await hop3("deploy", "--git", `${forge.origin}/fast`, "--app", "killed"));
    assert.equal(await page("killed"), "fast");
  });
});
