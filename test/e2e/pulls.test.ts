/** Deploys from elsewhere, as a person does them: the real client, a real platform, a real forge on the loopback. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, createHmac, randomUUID } from "node:crypto";
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

  describe("by a webhook", () => {
    let url: string;
    let secret: string;
    const createHook = async (): Promise<void> => {
      forge.commit("hooked", { "index.html": "first" });
      ok(await hop3("app", "launch", `${forge.origin}/hooked`, "hooked"));
      const made = JSON.parse(ok(await hop3("webhook", "create", "github", "--app", "hooked", "--json"))) as {
        data: { url: string; secret: string };
      };
      ({ url, secret } = made.data);
    };
    const payload = (branch: string, more: object = {}): string =>
      JSON.stringify({
        ref: `refs/heads/${branch}`,
        after: forge.git("hooked", "rev-parse", "HEAD"),
        repository: { default_branch: "main" },
        at: performance.now(),
        ...more,
      });
    const send = async (body: string, headers: Record<string, string> = {}, key = secret) => {
      const signature = `sha256=${createHmac("sha256", key).update(body).digest("hex")}`;
      const all = {
        "content-type": "application/json",
        "x-github-event": "push",
        "x-github-delivery": randomUUID(),
        "x-hub-signature-256": signature,
        ...headers,
      };
      const answer = await fetch(url, { method: "POST", headers: all, body });
      return {
        status: answer.status,
        body: (await answer.json()) as { outcome?: string; reason?: string; deploy?: number; code?: string },
      };
    };
    const ended = async (deploy: number): Promise<string> => {
      let state = "";
      await eventually("the deploy has its end", async () => {
        ({ state } = (await platform.api("GET", `/apps/hooked/deploys/${deploy}`)) as { state: string });
        return state !== "running";
      });
      return state;
    };

    it("a signed push deploys, once, by the webhook's name; its secret is told this once", async () => {
      await createHook();
      forge.commit("hooked", { "index.html": "pushed" });
      const body = payload("main");
      const id = randomUUID();
      const taken = await send(body, { "x-github-delivery": id });
      assert.deepEqual([taken.status, taken.body.outcome], [202, "deploying"]);
      assert.equal(await ended(taken.body.deploy ?? 0), "succeeded");
      assert.equal(await page("hooked"), "pushed");
      for (const headers of [{ "x-github-delivery": id }, {}]) {
        const again = await send(body, headers);
        assert.deepEqual([again.status, again.body.outcome, again.body.reason], [200, "ignored", "it came before"]);
      }
      const listed = ok(await hop3("webhook", "list", "--app", "hooked"));
      assert.match(listed, /github +of the source +\S+ +.* +ignored: it came before/);
      const events = await platform.api("GET", "/events?lines=500");
      assert.match(JSON.stringify(events), /"actor":"webhook github"/);
      assert.ok(!JSON.stringify([events, listed, logs()]).includes(secret));
    });

    it("pushes of other branches, pings and deletions are ignored, and many at once deploy once each at most", async () => {
      for (const [headers, body] of [
        [{}, payload("other")],
        [{ "x-github-event": "ping" }, "{}"],
        [{}, payload("main", { deleted: true })],
        [{}, JSON.stringify({ ref: "refs/tags/v1" })],
      ] as const) {
        const { status, body: said } = await send(body, headers);
        assert.deepEqual([status, said.outcome], [200, "ignored"]);
      }
      const body = payload("main");
      const all = await Promise.all(Array.from({ length: 5 }, () => send(body)));
      assert.deepEqual(
        all.map(({ status }) => status).toSorted((a, b) => a - b),
        [200, 200, 200, 200, 202],
      );
      await ended(all.find(({ status }) => status === 202)?.body.deploy ?? 0);
    });

    it("what is not signed right is refused by one answer, and deploys nothing", async () => {
      const before = ((await platform.api("GET", "/apps/hooked/deploys")) as { deploys: unknown[] }).deploys.length;
      const right = url;
      const answers = new Set<string>();
      const refuse = async (headers: Record<string, string>, key = secret): Promise<void> => {
        const { status, body } = await send(payload("main"), headers, key);
        answers.add(JSON.stringify([status, body.code]));
      };
      await refuse({}, "another secret");
      await refuse({ "x-hub-signature-256": "" });
      await refuse({ "x-hub-signature-256": "", "x-gitlab-token": "x" });
      url = right.replace(/[^/]{22}$/, "0".repeat(22));
      await refuse({});
      await refuse({}, "");
      url = right;
      assert.deepEqual([...answers], [JSON.stringify([401, "UNAUTHENTICATED"])]);
      assert.equal((await send(JSON.stringify("x".repeat(3_000_000)))).status, 413);
      assert.equal((await send("no json")).status, 400);
      assert.equal((await send("{}", { "content-type": "text/plain" })).status, 415);
      const after = ((await platform.api("GET", "/apps/hooked/deploys")) as { deploys: unknown[] }).deploys.length;
      assert.equal(after, before);
    });

    it("its branch may be another than the source's; a rotated secret and a removed webhook open nothing", async () => {
      forge.commit("hooked", { "index.html": "of next" }, "next");
      const old = { url, secret };
      const made = JSON.parse(
        ok(await hop3("webhook", "create", "next", "--branch", "next", "--app", "hooked", "--json")),
      ) as {
        data: { url: string; secret: string };
      };
      ({ url, secret } = made.data);
      const taken = await send(payload("next"), {
        "x-hub-signature-256": "",
        "x-gitlab-token": secret,
        "x-github-event": "push",
      });
      assert.equal(taken.status, 401, "an empty signature beside a right token");
      const gitlab = await fetch(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "x-gitlab-event": "Push Hook",
          "x-gitlab-token": secret,
          "x-gitlab-event-uuid": "u1",
        },
        body: payload("next"),
      });
      assert.equal(gitlab.status, 202);
      assert.equal(await ended(((await gitlab.json()) as { deploy: number }).deploy), "succeeded");
      assert.equal(await page("hooked"), "of next");
      ok(await hop3("webhook", "rotate", "next", "--app", "hooked"));
      assert.equal((await send(payload("next"))).status, 401);
      ok(await hop3("webhook", "remove", "next", "--app", "hooked"));
      ({ url, secret } = old);
      ok(await hop3("git", "source", "remove", "--app", "hooked"));
      assert.match((await send(payload("main"))).body.reason ?? "", /has no source/);
    });
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
