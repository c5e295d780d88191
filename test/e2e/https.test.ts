/** Apps by HTTPS, with certificates of the edge's own authority: on 443 in system mode, where Caddy is no root. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { deployLive, eventually } from "./apps.ts";
import { fetchThroughEdge } from "./http-through-edge.ts";
import { fetchByHttps } from "./https-through-edge.ts";
import { nextPort, startPlatform, type RunningPlatform } from "./platform.ts";

const server = `import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write((self.headers["X-Forwarded-Proto"] + " " + open("color").read()).encode())
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
`;

describe("an app by HTTPS", () => {
  let platform: RunningPlatform;
  let port: number;
  let dir: string;
  let authority: string;
  const authorityDir = () => join(platform.layout.edgeStorage, "pki/authorities/local");
  const ask = async (host: string) => await fetchByHttps({ port, host }, readFileSync(authority, "utf8"));
  /** Until its certificate is there, a name has no handshake. */
  const answers = (host: string, body: string) =>
    eventually(`${host} answers`, () =>
      ask(host).then(
        (answer) => answer.body === body,
        () => false,
      ),
    );

  before(async () => {
    port = process.env["HOP3_TEST_MODE"] === "system" ? 443 : await nextPort();
    platform = await startPlatform({ https: { port } });
    authority = join(authorityDir(), "root.crt");
    dir = join(platform.base, "source");
    mkdirSync(dir);
    writeFileSync(join(dir, "serve.py"), server);
    writeFileSync(join(dir, "Procfile"), "build: true\nweb: exec python3 serve.py\n");
    writeFileSync(join(dir, "color"), "red");
    await deployLive(platform, dir, "shop");
  });
  after(() => platform.stop());

  it("answers, and is told that it was asked by HTTPS", async () => {
    await answers("shop.localhost", "https red");
    assert.equal((await fetchThroughEdge(platform.edge("shop"), "/")).body, "http red");
  });

  it("moves to the next release without a change of Caddy's document", async () => {
    const before = readFileSync(platform.layout.edgeDocument, "utf8");
    writeFileSync(join(dir, "color"), "blue");
    await deployLive(platform, dir, "shop");
    assert.equal((await ask("shop.localhost")).body, "https blue");
    assert.equal(readFileSync(platform.layout.edgeDocument, "utf8"), before);
  });

  it("has a certificate for a domain as soon as it is the app's", async () => {
    await platform.api("POST", "/apps/shop/domains", { domain: "shop.example.org" });
    await answers("shop.example.org", "https blue");
  });

  it("keeps the keys to the edge alone", () => {
    for (const name of ["root.key", "intermediate.key"])
      assert.equal(statSync(join(authorityDir(), name)).mode & 0o077, 0, name);
    const { uid, mode } = statSync(platform.layout.edgeStorage);
    assert.equal(statSync(join(authorityDir(), "root.key")).uid, uid);
    assert.equal(mode & 0o077, 0);
  });

  it("is said by the server", async () => {
    const info = (await platform.api("GET", "/system/info")) as { edge: unknown; notes: string[] };
    assert.deepEqual(info.edge, { kind: "caddy", httpPort: platform.settings.httpPort, httpsPort: port });
    assert.match(info.notes.join("\n"), /own authority.*HOP3_ACME_EMAIL/);
  });
});
