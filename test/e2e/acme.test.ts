/** Certificates of an ACME authority, from the settings of a server to a handshake, against Debian's pebble. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { deployLive, eventually } from "./apps.ts";
import { fetchThroughEdge } from "./http-through-edge.ts";
import { fetchByHttps } from "./https-through-edge.ts";
import { nextPort, startPlatform, type RunningPlatform } from "./platform.ts";
import { startPebble, withoutPebble, type Pebble } from "./pebble.ts";

const refused = "refused.example.org";

describe("with an ACME authority", { skip: withoutPebble() }, () => {
  let dir: string;
  let pebble: Pebble;
  let platform: RunningPlatform;
  let port: number;
  let roots: string;
  const ask = (host: string) => fetchByHttps({ port, host }, roots);
  const answers = (host: string) =>
    eventually(`${host} answers by HTTPS`, () =>
      ask(host).then(
        ({ status }) => status === 200,
        () => false,
      ),
    );

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "hop3-acme-"));
    // The edge, which is another user in system mode, reads the authority's root there.
    chmodSync(dir, 0o755);
    port = await nextPort();
    const http = await nextPort();
    const ports = { api: await nextPort(), management: await nextPort(), dns: await nextPort() };
    pebble = await startPebble({ dir, ports, http, https: port, refused });
    await eventually("pebble answers", async () => {
      roots = await pebble.root().catch(() => "");
      return roots !== "";
    });
    platform = await startPlatform({ http, https: { port, acme: pebble.acme } });
    mkdirSync(join(dir, "site"));
    writeFileSync(join(dir, "site/index.html"), "home");
    await deployLive(platform, join(dir, "site"), "site");
    roots += readFileSync(join(platform.layout.edgeStorage, "pki/authorities/local/root.crt"), "utf8");
  });
  after(async () => {
    await platform?.stop();
    await pebble?.stop();
    rmSync(dir, { recursive: true });
  });

  it("a domain that is added has a certificate of it, without anything else being done", async () => {
    await platform.api("POST", "/apps/site/domains", { domain: "www.example.org" });
    await answers("www.example.org");
    const { body, issuer } = await ask("www.example.org");
    assert.equal(body, "home");
    assert.match(issuer, /^Pebble Intermediate CA/);
  });

  it("names below localhost have one of the server's own", async () => {
    await answers("site.localhost");
    assert.match((await ask("site.localhost")).issuer, /^Caddy Local Authority/);
  });

  it("a domain that it refuses has no HTTPS, and keeps no other from theirs", async () => {
    await platform.api("POST", "/apps/site/domains", { domain: refused });
    await platform.api("POST", "/apps/site/domains", { domain: "later.example.org" });
    await answers("later.example.org");
    assert.match((await ask("later.example.org")).issuer, /^Pebble/);
    assert.equal((await ask("www.example.org")).status, 200);
    await assert.rejects(ask(refused), /alert/);
    const { httpPort } = platform.settings;
    assert.equal((await fetchThroughEdge({ port: httpPort, host: refused }, "/")).status, 200);
    await eventually("the log of Caddy says why", async () =>
      JSON.stringify(await platform.api("GET", "/system/logs?service=caddy")).includes(refused),
    );
  });
});
