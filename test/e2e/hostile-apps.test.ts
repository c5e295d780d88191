/** Apps and requests that try to get out of what is theirs, on a whole platform. docs/security/api-and-edge.md lists them. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { startPlatform, type RunningPlatform } from "./platform.ts";
import type { DeployFailure } from "./apps.ts";

describe("a hostile app", () => {
  let platform: RunningPlatform;
  let dir: string;
  let apps = 0;

  before(async () => {
    platform = await startPlatform();
    dir = await mkdtemp(join(tmpdir(), "hop3-hostile-"));
    await writeFile(join(dir, "outside.txt"), "OUTSIDE");
  });
  after(async () => {
    await platform.stop();
    await rm(dir, { recursive: true });
  });

  /** A folder with these files; a value that begins with `-> ` is a link. */
  async function folder(files: Readonly<Record<string, string>>): Promise<string> {
    const root = join(dir, `app-${(apps += 1)}`);
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, name)), { recursive: true });
      if (content.startsWith("-> ")) await symlink(content.slice(3), join(root, name));
      else await writeFile(join(root, name), content);
    }
    return root;
  }

  async function refusal(name: string, files: Readonly<Record<string, string>>): Promise<DeployFailure> {
    const result = await platform.deploy(await folder(files), name);
    assert.equal(result.outcome, "failed", name);
    return result.outcome === "failed" ? result.error : assert.fail();
  }

  function ask(
    host: string,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const { port } = platform.edge("x");
      request({ host: "127.0.0.1", port, path, headers: { host, ...headers }, agent: false }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => (body += text));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      })
        .on("error", reject)
        .end();
    });
  }

  async function status(method: string, path: string, body: unknown): Promise<{ status: number; code: string }> {
    const response = await fetch(`http://127.0.0.1:${platform.settings.apiPort}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${platform.token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: response.status, code: ((await response.json()) as { code?: string }).code ?? "" };
  }

  it("cannot have the edge choose files by a placeholder in a static directory", async () => {
    const name = "{http.request.header.x-root}";
    const toml = `[static]\n"/" = "${name}"\n`;
    assert.equal((await refusal("holder", { "hop3.toml": toml, [`${name}/index.html`]: "x" })).code, "INVALID_CONFIG");
    assert.equal((await ask("holder.localhost", "/passwd", { "x-root": "../../../../../../../etc" })).status, 404);
  });

  it("cannot have the edge serve what its build linked to, and its last good release stays", async () => {
    const site = { "public/index.html": "good", "hop3.toml": '[static]\n"/" = "public"\n' };
    assert.equal((await platform.deploy(await folder(site), "linked")).outcome, "live");
    for (const build of [
      `ln -s ${join(dir, "outside.txt")} public/x`,
      "ln -s /etc public/x",
      "rm -r public; ln -s /etc public",
      'ln -s "$HOP3_DATA_DIR/later" public/x',
    ]) {
      const toml = `[build]\nbuild = ${JSON.stringify(build)}\n[static]\n"/" = "public"\n`;
      assert.equal((await refusal("linked", { ...site, "hop3.toml": toml })).code, "INVALID_SOURCE", build);
      assert.deepEqual(await ask("linked.localhost", "/"), { status: 200, body: "good" });
      assert.equal((await ask("linked.localhost", "/x")).status, 404);
    }
  });

  it("cannot put another tree in the place of its own while it is built", async () => {
    const build = 'mv "$PWD" "$PWD.old"; ln -s /etc "$PWD"';
    const toml = `[build]\nbuild = ${JSON.stringify(build)}\n[static]\n"/" = "public"\n`;
    assert.equal(
      (await refusal("swapped", { "public/index.html": "x", "hop3.toml": toml })).code,
      "SUPERVISOR_REFUSED",
    );
    assert.equal((await ask("swapped.localhost", "/hostname")).status, 404);
    // With no step after it that would notice.
    const last = `[build]\nafter-build = ${JSON.stringify(build)}\n[static]\n"/" = "public"\n`;
    assert.equal((await refusal("swapped", { "public/index.html": "x", "hop3.toml": last })).code, "INVALID_SOURCE");
    assert.equal((await ask("swapped.localhost", "/hostname")).status, 404);
  });

  it("cannot upload a link that leads out", async () => {
    for (const target of ["/etc/passwd", "../../outside.txt", "."]) {
      const result = await platform.deploy(await folder({ "index.html": "x", l: `-> ${target}` }), "uploaded");
      assert.equal(result.outcome, target === "." ? "live" : "failed", target);
    }
  });

  it("cannot take the server's names, addresses, or another app's name", async () => {
    const site = { "index.html": "mine" };
    for (const name of ["victim", "thief"]) await platform.deploy(await folder(site), name);
    const add = (domain: string) => status("POST", "/apps/thief/domains", { domain });
    for (const domain of ["localhost", "LOCALHOST", "victim.localhost", "Victim.LocalHost"])
      assert.deepEqual(await add(domain), { status: 409, code: "DOMAIN_TAKEN" }, domain);
    for (const domain of [
      "127.0.0.1",
      "2130706433",
      "0x7f000001",
      "[::1]",
      "*.com",
      "a.com.",
      "{env.HOME}.com",
      "п.com",
    ])
      assert.deepEqual(await add(domain), { status: 400, code: "INVALID_INPUT" }, domain);
    const toml = '[domains]\nlist = ["victim.localhost"]\n';
    assert.equal((await refusal("thief", { ...site, "hop3.toml": toml })).code, "DOMAIN_TAKEN");
    assert.equal((await status("POST", "/apps/victim/domains", { domain: "www.victim.example" })).status, 201);
    const own = await refusal("thief", { ...site, "hop3.toml": '[domains]\nlist = ["www.victim.example"]\n' });
    assert.deepEqual(
      [own.code, own.message],
      ["DOMAIN_TAKEN", "[domains] www.victim.example belongs to the app victim."],
    );
    assert.equal((await ask("victim.localhost", "/")).body, "mine");
    assert.equal((await ask("127.0.0.1", "/")).status, 404);
  });

  it("may be called like what every object has, and its process too", async () => {
    const Procfile = "constructor: exec sleep 1000\nweb: exec python3 -m http.server $PORT --bind 127.0.0.1\n";
    assert.equal((await platform.deploy(await folder({ Procfile }), "constructor")).outcome, "live");
    assert.deepEqual(await status("PATCH", "/apps/constructor/processes", { scale: { valueof: 1 } }), {
      status: 400,
      code: "INVALID_INPUT",
    });
    assert.equal((await status("PATCH", "/apps/constructor/processes", { scale: { constructor: 2 } })).status, 200);
  });

  it("keeps its variables to itself, whatever they are called", async () => {
    const Procfile = "web: exec python3 -m http.server $PORT --bind 127.0.0.1\n";
    assert.equal((await platform.deploy(await folder({ Procfile }), "variables")).outcome, "live");
    const set = {
      LD_PRELOAD: "/nowhere.so",
      NODE_OPTIONS: "--require=/nowhere.js",
      BASH_ENV: "/nowhere",
      ENV: "/nowhere",
      IFS: "o",
      PYTHONSTARTUP: "/nowhere",
      GIT_SSH_COMMAND: "false",
      LINES: "a\nLD_PRELOAD=/nowhere.so\n",
    };
    assert.equal((await status("PATCH", "/apps/variables/env", { set })).status, 200);
    assert.equal((await ask("variables.localhost", "/")).status, 200);
    for (const name of ["PORT", "HOST", "BIND_ADDRESS", "HOP3_SOCKET", "HOP3_INSTANCE"])
      assert.equal((await status("PATCH", "/apps/variables/env", { set: { [name]: "1" } })).status, 400, name);
  });

  it("leaves its refusals and every change in the audit log", () => {
    const db = new DatabaseSync(platform.layout.database, { readOnly: true });
    const rows = db.prepare("select action, app, outcome from events").all();
    db.close();
    const has = (action: string, app: string, outcome: string) =>
      rows.some((row) => row["action"] === action && row["app"] === app && row["outcome"] === outcome);
    assert.ok(has("app.deploy", "linked", "INVALID_SOURCE"));
    assert.ok(has("app.deploy", "linked", "ok"));
    assert.ok(has("app.domain.write", "thief", "DOMAIN_TAKEN"));
    assert.ok(has("app.env.change", "variables", "ok"));
    assert.ok(has("app.scale", "constructor", "ok"));
  });
});
