import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { AppError } from "#core/errors.ts";
import type { EdgeRoute, EdgeSettings } from "#core/plugin.ts";
import { slotCount, slotFile } from "#core/slots.ts";
import { pinnedTools } from "#sys/tools.ts";
import { loadDocument } from "./load.ts";
import { renderDocument } from "./render.ts";

const never = new AbortController().signal;

describe("the rendered document", () => {
  const settings: EdgeSettings = {
    adminSocket: "/run/x/caddy.sock",
    fenceSocket: "/run/x/fence.sock",
    fenceFile: "/run/x/fence",
    storage: "/srv/edge",
    httpPort: 8080,
  };
  const blog: EdgeRoute = { app: "blog", domains: ["blog.localhost"], slots: "/s/blog", staticPaths: {} };
  const site: EdgeRoute = { app: "site", domains: ["site.localhost"], staticPaths: { "/": "/live/site/." } };

  it("is the same whatever the order of the routes", () => {
    assert.equal(renderDocument([blog, site], settings), renderDocument([site, blog], settings));
  });

  it("names no address of an instance, only slot files", () => {
    const text = renderDocument([blog], settings);
    assert.equal(text.match(/\{file\.\/s\/blog\/\d\d\}/g)?.length, slotCount);
    assert.doesNotMatch(text, /127\.0\.0\.1/);
  });

  it("leaves out an app without a domain", () => {
    assert.doesNotMatch(renderDocument([{ ...blog, domains: [] }], settings), /s\/blog/);
  });
});

describe("a real Caddy with the document", () => {
  let dir: string;
  let caddy: ChildProcess;
  let settings: EdgeSettings;
  /** Names of directories that Caddy would replace by something else. */
  const braces = ["{http.request.header.x-root}", "{env.HOME}", "a{b", "a}b{c}", "{{env.HOME}}", "{file.outside.txt}"];
  const app = createServer((req, res) => res.end(`app saw ${req.url}`));

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "hop3-caddy-"));
    settings = {
      adminSocket: join(dir, "a.sock"),
      fenceSocket: join(dir, "f.sock"),
      fenceFile: join(dir, "fence"),
      storage: join(dir, "storage"),
      httpPort: await freePort(),
    };
    app.listen(0, "127.0.0.1");
    await once(app, "listening");
    await writeFile(join(dir, "caddy.json"), renderDocument([], settings));
    caddy = spawn(pinnedTools().caddy, ["run", "--config", join(dir, "caddy.json")], {
      stdio: "ignore",
      env: { HOME: dir },
    });
    await until(async () => (await get("x.localhost", "/")).status === 404);
    await mkdir(join(dir, "slots"));
    for (let slot = 0; slot < slotCount; slot += 1) {
      await writeFile(slotFile(join(dir, "slots"), slot), `127.0.0.1:${(app.address() as AddressInfo).port}`);
    }
    await mkdir(join(dir, "public/css"), { recursive: true });
    await writeFile(join(dir, "public/index.html"), "home");
    await writeFile(join(dir, "public/404.html"), "nothing here");
    await writeFile(join(dir, "public/css/a.css"), "body{}");
    await writeFile(join(dir, "public/.env"), "SECRET=1");
    await mkdir(join(dir, "public/.well-known"));
    await writeFile(join(dir, "public/.well-known/a.txt"), "known");
    await writeFile(join(dir, "outside.txt"), "OUTSIDE");
    for (const name of braces) {
      await mkdir(join(dir, name));
      await writeFile(join(dir, name, "index.html"), "in braces");
    }
    const routes: EdgeRoute[] = [
      ...braces.map((name, index) => ({
        app: `braces-${index}`,
        domains: [`braces-${index}.localhost`],
        staticPaths: { "/": join(dir, name) },
      })),
      {
        app: "blog",
        domains: ["blog.localhost"],
        slots: join(dir, "slots"),
        staticPaths: { "/static": join(dir, "public/css") },
      },
      { app: "site", domains: ["site.localhost"], staticPaths: { "/": join(dir, "public") } },
      { app: "gone", domains: ["gone.localhost"], slots: join(dir, "no-slots"), staticPaths: {} },
    ];
    await loadDocument(renderDocument(routes, settings), settings, never);
    // The old document's servers may still take a connection, and close it (docs/adr/0001).
    await until(async () => (await get("blog.localhost", "/")).status === 200);
  });

  after(async () => {
    if (caddy.exitCode === null) {
      caddy.kill("SIGKILL");
      await once(caddy, "exit");
    }
    app.close();
    app.closeAllConnections();
    await rm(dir, { recursive: true });
  });

  it("leads a host to its app", async () => {
    assert.deepEqual(await get("blog.localhost", "/a?b=1"), { status: 200, body: "app saw /a?b=1" });
  });

  it("serves static prefixes beside the app, without the prefix", async () => {
    assert.deepEqual(await get("blog.localhost", "/static/a.css"), { status: 200, body: "body{}" });
    assert.equal((await get("blog.localhost", "/staticfoo")).body, "app saw /staticfoo");
  });

  it("serves a site with its own 404 page", async () => {
    assert.deepEqual(await get("site.localhost", "/"), { status: 200, body: "home" });
    assert.deepEqual(await get("site.localhost", "/nope"), { status: 404, body: "nothing here" });
  });

  it("does not serve files whose name begins with a dot", async () => {
    for (const path of [
      "/.env",
      "/%2eenv",
      "//.env",
      "/css/../.env",
      "/.well-known/../.env",
      "/.well-known/..%2f.env",
      "/.well-known/%2e%2e/.env",
      "/.well-known//../.env",
      "/css%2f..%2f.env",
      "/.ENV/../.env",
    ]) {
      const { status, body } = await get("site.localhost", path);
      assert.equal(status, 404, path);
      assert.doesNotMatch(body, /SECRET/);
    }
    assert.equal((await get("site.localhost", "/.well-known/a.txt")).body, "known");
  });

  it("does not leave the directory of static files", async () => {
    assert.notEqual((await get("site.localhost", "/../slots/00")).body.includes("127.0.0.1"), true);
    assert.notEqual((await get("site.localhost", "/%2e%2e/slots/00")).body.includes("127.0.0.1"), true);
  });

  it("takes a directory's name as it stands, whatever braces are in it", async () => {
    for (const [index, name] of braces.entries()) {
      assert.equal((await get(`braces-${index}.localhost`, "/")).body, "in braces", name);
      const { body } = await get(`braces-${index}.localhost`, "/outside.txt", { "X-Root": ".." });
      assert.doesNotMatch(body, /OUTSIDE/, name);
    }
  });

  it("answers in a sentence when no slot file can be read", async () => {
    const { status, body } = await get("gone.localhost", "/");
    assert.equal(status, 502);
    assert.match(body, /does not answer/);
  });

  it("refuses an unknown host with 404", async () => {
    assert.equal((await get("other.localhost", "/")).status, 404);
  });

  it("keeps the old document when a new one is refused", async () => {
    await assert.rejects(
      loadDocument('{"apps":{"http":{"servers":{"edge":{"listen":["nonsense"]}}}}}', settings, never),
      (error: unknown) => error instanceof AppError && error.code === "PLUGIN_FAILED",
    );
    assert.equal((await get("blog.localhost", "/")).status, 200);
  });

  // A connection of its own each time: loading a document may reset those that are kept alive (docs/adr/0001).
  function get(
    host: string,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      request(
        { host: "127.0.0.1", port: settings.httpPort, path, headers: { Host: host, ...headers }, agent: false },
        (response) => {
          let body = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => (body += chunk));
          response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
        },
      )
        .on("error", reject)
        .end();
    });
  }
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition().catch(() => false))) {
    if (Date.now() > deadline) throw new Error("the condition did not come true within 10 s");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
