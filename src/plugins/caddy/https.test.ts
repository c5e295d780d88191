import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import { request as requestHttps } from "node:https";
import { request } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connect } from "node:tls";
import type { AcmeSettings, EdgeRoute, EdgeSettings } from "#core/plugin.ts";
import { pinnedTools } from "#sys/tools.ts";
import { loadDocument } from "./load.ts";
import { renderDocument } from "./render.ts";

type Rendered = {
  readonly apps: {
    readonly http: { readonly servers: { readonly edge: { readonly listen: readonly string[] } } };
    readonly tls?: {
      readonly certificates: { readonly automate: readonly string[] };
      readonly automation: {
        readonly policies: readonly {
          readonly subjects?: readonly string[];
          readonly issuers: readonly Record<string, unknown>[];
        }[];
      };
    };
  };
};

const acme: AcmeSettings = {
  email: "ada@example.org",
  directory: "https://ca.example.org/dir",
  root: "/etc/hop3/root.pem",
};

describe("HTTPS in the document", () => {
  const plain: EdgeSettings = {
    adminSocket: "/run/x/caddy.sock",
    fenceSocket: "/run/x/fence.sock",
    fenceFile: "/run/x/fence",
    storage: "/srv/edge",
    httpPort: 8080,
  };
  const blog: EdgeRoute = {
    app: "blog",
    domains: ["blog.localhost", "blog.example.org", "intranet"],
    slots: "/s/blog",
    staticPaths: {},
  };
  const rendered = (routes: readonly EdgeRoute[], settings: EdgeSettings) =>
    (JSON.parse(renderDocument(routes, settings)) as Rendered).apps;

  it("is not there unless it is served", () => {
    assert.deepEqual(Object.keys(rendered([blog], plain)), ["http"]);
    assert.deepEqual(rendered([blog], plain).http.servers.edge.listen, [":8080"]);
  });

  it("has every name's certificate of the edge's own authority when no other is named", () => {
    const { http, tls } = rendered([blog], { ...plain, https: { port: 8443 } });
    assert.deepEqual(http.servers.edge.listen, [":8080", ":8443"]);
    assert.deepEqual(tls?.certificates.automate, ["blog.example.org", "blog.localhost", "intranet"]);
    assert.deepEqual(tls?.automation.policies, [{ issuers: [{ module: "internal" }] }]);
  });

  it("asks the authority for names that it can see, by the ports that Caddy listens on", () => {
    const { tls } = rendered([blog], { ...plain, https: { port: 8443, acme } });
    assert.deepEqual(tls?.automation.policies, [
      {
        subjects: ["blog.example.org"],
        issuers: [
          {
            module: "acme",
            ca: acme.directory,
            email: acme.email,
            trusted_roots_pem_files: [acme.root],
            challenges: { http: { alternate_port: 8080 }, "tls-alpn": { alternate_port: 8443 } },
          },
        ],
      },
      { issuers: [{ module: "internal" }] },
    ]);
  });

  it("asks nobody when all names are of this machine alone", () => {
    const { tls } = rendered([{ ...blog, domains: ["blog.localhost"] }], { ...plain, https: { port: 8443, acme } });
    assert.deepEqual(tls?.automation.policies, [{ issuers: [{ module: "internal" }] }]);
  });

  it("names a domain once, whoever has it", () => {
    const { tls } = rendered([blog, { ...blog, app: "other" }], { ...plain, https: { port: 8443, acme } });
    assert.equal(new Set(tls?.certificates.automate).size, tls?.certificates.automate.length);
    assert.deepEqual(tls?.automation.policies[0]?.subjects, ["blog.example.org"]);
  });
});

describe("a real Caddy with HTTPS", () => {
  let dir: string;
  let caddy: ChildProcess;
  let settings: EdgeSettings;
  let https: number;
  let ca: string;
  const routes = (): EdgeRoute[] => [
    { app: "site", domains: ["site.localhost", "www.example.org"], staticPaths: { "/": join(dir, "public") } },
  ];

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "hop3-https-"));
    await mkdir(join(dir, "public"));
    await writeFile(join(dir, "public/index.html"), "home");
    https = await freePort();
    settings = {
      adminSocket: join(dir, "a.sock"),
      fenceSocket: join(dir, "f.sock"),
      fenceFile: join(dir, "fence"),
      storage: join(dir, "storage"),
      httpPort: await freePort(),
      https: { port: https },
    };
    await writeFile(join(dir, "caddy.json"), renderDocument(routes(), settings));
    caddy = spawn(pinnedTools().caddy, ["run", "--config", join(dir, "caddy.json")], {
      stdio: "ignore",
      env: { HOME: dir },
    });
    await until(async () => {
      ca = await readFile(join(dir, "storage/pki/authorities/local/root.crt"), "utf8");
      return (await get("site.localhost")) === "200 home" && (await get("www.example.org")) === "200 home";
    });
  });

  after(async () => {
    if (caddy.exitCode === null) {
      caddy.kill("SIGKILL");
      await once(caddy, "exit");
    }
    await rm(dir, { recursive: true });
  });

  it("serves the routes of HTTP by HTTP/1.1 over TLS, to who trusts its authority alone", async () => {
    assert.equal(await get("site.localhost"), "200 home");
    await assert.rejects(get("site.localhost", []), /certificate/);
  });

  it("serves them by HTTP/2", async () => {
    const session = connectHttp2(`https://site.localhost:${https}`, {
      createConnection: () =>
        connect({ host: "127.0.0.1", port: https, servername: "site.localhost", ca, ALPNProtocols: ["h2"] }),
    });
    const stream = session.request({ ":path": "/" });
    const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
    session.destroy();
    assert.equal(headers[":status"], 200);
  });

  it("goes on with plain HTTP, without a redirect", async () => {
    const response = await fetch(`http://127.0.0.1:${settings.httpPort}/`);
    assert.equal(response.status, 404);
    assert.equal(await plain("site.localhost"), "200 home");
  });

  it("has no certificate for a name that is no app's", async () => {
    await assert.rejects(get("nobody.localhost"), (error: Error) => /alert|reset|closed/i.test(error.message));
  });

  it("has one for a domain as soon as it comes", async () => {
    const more = { app: "more", domains: ["more.localhost"], staticPaths: { "/": join(dir, "public") } };
    await loadDocument(renderDocument([...routes(), more], settings), settings, new AbortController().signal);
    await until(async () => (await get("more.localhost")) === "200 home");
    assert.equal(await get("site.localhost"), "200 home");
  });

  it("serves all other names while an authority does not answer for one", async () => {
    const nowhere = { email: "ada@example.org", directory: `https://127.0.0.1:${await freePort()}/dir` };
    const lost = { app: "lost", domains: ["lost.example.net"], staticPaths: { "/": join(dir, "public") } };
    const next = { app: "next", domains: ["next.localhost"], staticPaths: { "/": join(dir, "public") } };
    const document = renderDocument([...routes(), lost, next], { ...settings, https: { port: https, acme: nowhere } });
    await loadDocument(document, settings, new AbortController().signal);
    await until(async () => (await get("next.localhost")) === "200 home");
    assert.equal(await get("site.localhost"), "200 home");
    assert.equal(await plain("lost.example.net"), "200 home");
    await assert.rejects(get("lost.example.net"));
  });

  function get(host: string, authority: string | string[] = ca): Promise<string> {
    return answer(
      requestHttps({
        host: "127.0.0.1",
        port: https,
        servername: host,
        headers: { Host: host },
        ca: authority,
        agent: false,
      }),
    );
  }

  function plain(host: string): Promise<string> {
    return answer(request({ host: "127.0.0.1", port: settings.httpPort, headers: { Host: host }, agent: false }));
  }
});

function answer(outgoing: ReturnType<typeof request>): Promise<string> {
  return new Promise((resolve, reject) => {
    outgoing.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (body += chunk));
      response.on("end", () => resolve(`${response.statusCode} ${body}`));
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition().catch(() => false))) {
    if (Date.now() > deadline) throw new Error("the condition did not come true within 20 s");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
