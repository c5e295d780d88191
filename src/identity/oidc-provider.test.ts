import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { AppError } from "#core/errors.ts";
import { exec } from "#sys/exec.ts";
import { startHostileIssuer, type HostileIssuer, type Lies } from "../../test/oidc/hostile-issuer.ts";
import { boundedFetch } from "./oidc-fetch.ts";
import { createOidcProvider, type CodeLogin, type OidcProvider } from "./oidc-provider.ts";
import type { OidcSettings } from "./oidc-settings.ts";

const client = { id: "hop3", secret: "a-secret-of-the-client-0123456789ab" };
const redirect = "http://127.0.0.1:4242/callback";

const openssl = "/usr/bin/openssl";
const withoutOpenssl: string | false = existsSync(openssl) ? false : `${openssl} not there: apt-get install openssl`;

type Asked = { readonly issuer: HostileIssuer; readonly provider: OidcProvider };

async function begin(t: TestContext, settings: Partial<OidcSettings> = {}): Promise<Asked> {
  const issuer = await startHostileIssuer((work) => t.after(work), client);
  const provider = createOidcProvider({
    settings: {
      issuer: issuer.issuer,
      clientId: client.id,
      secret: undefined,
      clientAuth: undefined,
      scopes: ["openid", "email"],
      groupsClaim: "groups",
      audiences: [],
      emailDomains: [],
      newUsers: "member",
      sessionSeconds: 3600,
      ...settings,
    },
    secret: () => client.secret,
    fetch: boundedFetch({ ms: 500, bytes: 64 * 1024 }),
  });
  return { issuer, provider };
}

/** A login from its begin to what the provider has proven, while it tells these lies. */
async function login({ issuer, provider }: Asked, lies: Lies = {}, query: (login: CodeLogin) => string = honest) {
  issuer.lies = {};
  const { login } = await provider.beginCode(redirect);
  issuer.nonce = login.nonce;
  issuer.lies = lies;
  return provider.finishCode(login, query(login));
}

const honest = ({ state }: CodeLogin) => `?${new URLSearchParams({ code: "c", state }).toString()}`;

test("a login goes by code with PKCE, state and nonce, and ends with what the provider has signed and told", async (t) => {
  const asked = await begin(t);
  const { url, login: kept } = await asked.provider.beginCode(redirect);
  const { searchParams } = new URL(url);
  assert.equal(searchParams.get("response_type"), "code");
  assert.equal(searchParams.get("code_challenge_method"), "S256");
  assert.equal(searchParams.get("redirect_uri"), redirect);
  for (const part of [kept.state, kept.nonce, kept.verifier]) assert.ok(Buffer.from(part, "base64url").length >= 32);
  assert.ok(!url.includes(kept.verifier));

  const proven = await login(asked, { userinfo: { email: "ada@example.com", groups: ["dev"], iss: "x" } });
  assert.equal(proven.issuer, asked.issuer.issuer);
  assert.equal(proven.subject, "ada");
  assert.deepEqual(proven.claims["groups"], ["dev"]);
  assert.equal(proven.claims["iss"], asked.issuer.issuer);
  const form = asked.issuer.forms[0];
  assert.equal(form?.get("code"), "c");
  assert.equal(form?.get("redirect_uri"), redirect);
  assert.ok((form?.get("code_verifier") ?? "").length >= 43);
  assert.equal(form?.get("client_secret"), null);
});

/** All but this. */
const without = (name: string) => (told: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(told).filter(([other]) => other !== name));

test("no two logins have anything in common", async (t) => {
  const { provider } = await begin(t);
  const logins = await Promise.all(Array.from({ length: 20 }, () => provider.beginCode(redirect)));
  for (const part of ["state", "nonce", "verifier"] as const) {
    assert.equal(new Set(logins.map(({ login }) => login[part])).size, 20);
  }
});

test("an answer for another login, or twice a parameter, is not taken", async (t) => {
  const asked = await begin(t);
  const queries: [string, (login: CodeLogin) => string][] = [
    ["no state", () => "?code=c"],
    ["an empty state", () => "?code=c&state="],
    ["another state", () => "?code=c&state=other"],
    ["two states", ({ state }) => `?code=c&state=${state}&state=other`],
    ["two codes", ({ state }) => `?code=c&code=d&state=${state}`],
    ["no code", ({ state }) => `?state=${state}`],
    ["another issuer", ({ state }) => `?code=c&state=${state}&iss=https%3A%2F%2Fevil.example.com`],
    ["a refusal", ({ state }) => `?error=access_denied&state=${state}`],
    ["a token", ({ state }) => `?code=c&state=${state}&response=eyJhbGciOiJub25lIn0.e30.`],
    ["an ID token", ({ state }) => `?code=c&state=${state}&id_token=eyJhbGciOiJub25lIn0.e30.`],
  ];
  for (const [what, query] of queries) {
    await assert.rejects(login(asked, {}, query), { code: "UNAUTHENTICATED" }, what);
  }
  assert.equal(asked.issuer.forms.length, 0, "and no code was shown to the provider");
});

test("whatever a browser brings back ends in a refusal, and shows the provider nothing", async (t) => {
  const asked = await begin(t);
  const { login: kept } = await asked.provider.beginCode(redirect);
  const parts = [
    "code",
    "state",
    "iss",
    "error",
    "response",
    "=",
    "&",
    "&&",
    "?",
    "#",
    "%",
    "%00",
    "%E0%A4%A",
    "+",
    "c",
  ];
  const more = ["\u0000", "\r\n", "\ud800", "ü", "[]", "__proto__", "code[]=c", kept.state.slice(1), "x".repeat(4000)];
  const pool = [...parts, ...more];
  for (let one = 0; one < 300; one += 1) {
    const query = Array.from({ length: 1 + randomInt(12) }, () => pool[randomInt(pool.length)]).join("");
    const ended = asked.provider.finishCode(kept, query);
    await assert.rejects(ended, { name: "AppError", code: "UNAUTHENTICATED" }, JSON.stringify(query));
  }
  assert.equal(asked.issuer.forms.length, 0);
});

test("an ID token that is not for this login is not taken", async (t) => {
  const asked = await begin(t);
  const now = Math.floor(Date.now() / 1000);
  const changes: Record<string, unknown>[] = [
    { iss: "https://id.example.com" },
    { iss: `${asked.issuer.issuer}/` },
    { iss: undefined },
    { aud: "other" },
    { aud: ["other"] },
    { aud: [] },
    { aud: undefined },
    { aud: [client.id, "other"], azp: client.id },
    { aud: [client.id, "other"], azp: "other" },
    { azp: "other" },
    { nonce: "other" },
    { nonce: undefined },
    { exp: now - 60 },
    { exp: undefined },
    { exp: "soon" },
    { iat: undefined },
    { nbf: now + 3600 },
    { sub: undefined },
    { sub: "" },
    { sub: 7 },
  ];
  for (const change of changes) {
    const claims = (told: Record<string, unknown>) => ({ ...told, ...change });
    await assert.rejects(login(asked, { claims }), { code: "UNAUTHENTICATED" }, JSON.stringify(change));
  }
});

test("an audience beside this client is taken when the operator trusts it", async (t) => {
  const asked = await begin(t, { audiences: ["api"] });
  const aud = (...all: string[]) => ({
    claims: (told: object) => ({ ...told, aud: [client.id, ...all], azp: client.id }),
  });
  assert.equal((await login(asked, aud("api"))).subject, "ada");
  await assert.rejects(login(asked, aud("api", "other")), { code: "UNAUTHENTICATED" });
});

test("an ID token that the provider's key has not signed is not taken", async (t) => {
  const asked = await begin(t);
  for (const signature of [
    "none",
    "none, no third part",
    "stranger's key",
    "HS256 with the public key",
    "HS256 with the secret",
  ] as const) {
    await assert.rejects(login(asked, { signature }), { code: "UNAUTHENTICATED" }, signature);
  }
  const told = { description: (doc: object) => ({ ...doc, id_token_signing_alg_values_supported: ["none", "HS256"] }) };
  for (const signature of ["none", "HS256 with the public key", "HS256 with the secret"] as const) {
    asked.issuer.lies = told;
    const { login: kept } = await asked.provider.beginCode(redirect);
    asked.issuer.nonce = kept.nonce;
    asked.issuer.lies = { signature };
    const ended = asked.provider.finishCode(kept, honest(kept));
    await assert.rejects(ended, { code: "UNAUTHENTICATED" }, `${signature}, as the provider says that it may`);
  }
});

test("keys that the provider has changed since are known at once", async (t) => {
  const asked = await begin(t);
  await login(asked);
  const { login: kept } = await asked.provider.beginCode(redirect);
  asked.issuer.nonce = kept.nonce;
  asked.issuer.newKey();
  assert.equal((await asked.provider.finishCode(kept, honest(kept))).subject, "ada");
  await login(asked);
});

test("no ID token, and a userinfo of somebody else, are not taken", async (t) => {
  const asked = await begin(t);
  await assert.rejects(login(asked, { tokens: without("id_token") }), { code: "UNAUTHENTICATED" });
  await assert.rejects(login(asked, { userinfo: { sub: "bob" } }), { code: "UNAUTHENTICATED" });
  await assert.rejects(login(asked, { tokens: () => [] }), { code: "UNAUTHENTICATED" });
});

test("a description of another issuer, or that names places in clear, begins no login", async (t) => {
  const { issuer, provider } = await begin(t);
  const evil = "http://login.example.com";
  const lies: [string, (doc: object) => unknown][] = [
    ["another issuer", (doc) => ({ ...doc, issuer: "https://id.example.com" })],
    ["the same issuer in another spelling", (doc) => ({ ...doc, issuer: `${issuer.issuer}/` })],
    ["no issuer", (doc) => ({ ...doc, issuer: undefined })],
    ["a list", () => []],
    ["a login page in clear", (doc) => ({ ...doc, authorization_endpoint: `${evil}/auth` })],
    ["a login page that is a script", (doc) => ({ ...doc, authorization_endpoint: "javascript:alert(1)" })],
    ["no login page", (doc) => ({ ...doc, authorization_endpoint: undefined })],
    ["no token endpoint", (doc) => ({ ...doc, token_endpoint: undefined })],
    ["no keys", (doc) => ({ ...doc, jwks_uri: undefined })],
  ];
  for (const [what, description] of lies) {
    issuer.lies = { description };
    await assert.rejects(provider.beginCode(redirect), { name: "AppError" }, what);
  }
  issuer.lies = { description: (doc) => ({ ...doc, token_endpoint: `${evil}/token` }) };
  const { login: kept } = await provider.beginCode(redirect);
  await assert.rejects(provider.finishCode(kept, honest(kept)), { code: "UNREACHABLE" });
});

test("a provider that redirects is never followed", async (t) => {
  const asked = await begin(t);
  const away = { "/.well-known/openid-configuration": "/elsewhere", "/token": "/elsewhere", "/jwks": "/elsewhere" };
  for (const [path, to] of Object.entries(away)) {
    for (const status of [301, 302, 303, 307, 308]) {
      const redirects: Required<Lies>["answers"] = {
        [path]: (_, response) => response.writeHead(status, { location: to }).end(),
      };
      if (path.startsWith("/.well")) {
        asked.issuer.lies = { answers: redirects };
        await assert.rejects(asked.provider.beginCode(redirect), { code: "UNREACHABLE", message: /redirects/ });
      } else await assert.rejects(login(asked, { answers: redirects }), { code: "UNREACHABLE", message: /redirects/ });
    }
  }
  assert.ok(!asked.issuer.asked.includes("/elsewhere"));
});

test("a provider that is slow, at its head or drop by drop, is left after the time", async (t) => {
  const { issuer, provider } = await begin(t);
  const path = "/.well-known/openid-configuration";
  issuer.lies = { answers: { [path]: () => undefined } };
  await assert.rejects(provider.beginCode(redirect), { code: "TIMEOUT" });
  const drops: NodeJS.Timeout[] = [];
  t.after(() => drops.forEach(clearInterval));
  issuer.lies = {
    answers: {
      [path]: (_, response) => {
        response.writeHead(200, { "content-type": "application/json" });
        drops.push(setInterval(() => response.write(" "), 20));
      },
    },
  };
  await assert.rejects(provider.beginCode(redirect), { code: "TIMEOUT" });
});

test("an answer that is too large is left where it is", async (t) => {
  const asked = await begin(t);
  const flood: NonNullable<Lies["answers"]>[string] = (_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const chunk = "x".repeat(16 * 1024);
    const pour = () => {
      while (response.writable && !response.destroyed && response.write(chunk));
    };
    response.on("drain", pour);
    pour();
  };
  asked.issuer.lies = { answers: { "/.well-known/openid-configuration": flood } };
  await assert.rejects(asked.provider.beginCode(redirect), { code: "UNREACHABLE", message: /64 KiB/ });
  for (const path of ["/token", "/jwks", "/me"]) {
    await assert.rejects(
      login(asked, { answers: { [path]: flood } }),
      { code: "UNREACHABLE", message: /64 KiB/ },
      path,
    );
  }
  const groups = Array.from({ length: 20_000 }, (_, index) => `group-${index}`);
  await assert.rejects(login(asked, { userinfo: { groups } }), { code: "UNREACHABLE" });
});

test("a provider that is down, or speaks something else, is said to be", async (t) => {
  const asked = await begin(t);
  const says = (status: number, body: string, type = "application/json"): Required<Lies>["answers"] => ({
    "/token": (_, response) => response.writeHead(status, { "content-type": type }).end(body),
  });
  const refused = JSON.stringify({ error: "invalid_client", error_description: "no <b>such</b>\u001b[2J client" });
  await assert.rejects(login(asked, { answers: says(401, refused) }), (error: Error & { code?: string }) => {
    assert.equal(error.code, "UNAVAILABLE");
    assert.ok(!error.message.includes("\u001b"));
    return true;
  });
  const stale = JSON.stringify({ error: "invalid_grant" });
  await assert.rejects(login(asked, { answers: says(400, stale) }), { code: "UNAUTHENTICATED", message: /any more/ });
  for (const answers of [says(500, "oops"), says(200, "<html>", "text/html"), says(200, "{"), says(204, "")]) {
    await assert.rejects(login(asked, { answers }), { name: "AppError", code: "UNAUTHENTICATED" });
  }
  const { login: kept } = await asked.provider.beginCode(redirect);
  asked.issuer.lies = { answers: { "/token": (request) => request.socket.destroy() } };
  await assert.rejects(asked.provider.finishCode(kept, honest(kept)), { code: "UNREACHABLE" });
});

test("a device login is asked for by the provider's pace and taken only when it is signed", async (t) => {
  const { issuer, provider } = await begin(t);
  const device = await provider.beginDevice();
  assert.equal(device.userCode, "ABCD-EFGH");
  assert.equal(device.interval, 5);
  const says = (error: string) => {
    issuer.lies = {
      answers: {
        "/token": (_, response) =>
          response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify({ error })),
      },
    };
  };
  says("authorization_pending");
  assert.equal(await provider.askDevice(device), "pending");
  says("slow_down");
  assert.equal(await provider.askDevice(device), "slower");
  for (const end of ["access_denied", "expired_token"]) {
    says(end);
    await assert.rejects(provider.askDevice(device), { code: "UNAUTHENTICATED" });
  }
  issuer.nonce = undefined;
  issuer.lies = {};
  assert.notEqual(await provider.askDevice(device), "pending");
  for (const signature of ["none", "stranger's key", "HS256 with the secret"] as const) {
    issuer.lies = { signature };
    await assert.rejects(provider.askDevice(device), { code: "UNAUTHENTICATED" });
  }
  issuer.lies = { claims: (told) => ({ ...told, aud: "other" }) };
  await assert.rejects(provider.askDevice(device), { code: "UNAUTHENTICATED" });
  issuer.lies = { tokens: without("id_token") };
  await assert.rejects(provider.askDevice(device), { code: "UNAUTHENTICATED" });
  issuer.lies = { description: without("device_authorization_endpoint") };
  await assert.rejects(provider.beginDevice(), { code: "UNAVAILABLE" });
});

test("what is asked in clear is only this machine, by its address", async () => {
  const ask = boundedFetch({ ms: 500, bytes: 1024 });
  const options = { method: "GET", headers: {} };
  for (const url of ["http://example.com/", "http://localhost/", "http://127.0.0.1.example.com/", "ftp://127.0.0.1/"]) {
    await assert.rejects(ask(url, options), { code: "UNREACHABLE", message: /not reached by https/ });
  }
  for (const url of ["http://127.0.0.1:9/", "http://[::1]:9/", "https://127.0.0.1:9/"]) {
    await assert.rejects(ask(url, options), { code: "UNREACHABLE", message: /does not answer/ });
  }
});

test("a provider that TLS does not prove is not believed", { skip: withoutOpenssl }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "hop3-tls-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
  const options = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=id";
  const argv = `${openssl} req -x509 ${options} -addext subjectAltName=IP:127.0.0.1 -keyout ${key} -out ${cert}`;
  assert.equal((await exec(argv.split(" "))).exitCode, 0);
  let asked = 0;
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) => {
    asked += 1;
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.closeAllConnections());
  t.after(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const ask = boundedFetch({ ms: 2000, bytes: 1024 });
  const question = ask(`https://127.0.0.1:${port}/`, { method: "GET", headers: {} });
  await assert.rejects(question, (error: AppError) => {
    assert.equal(error.code, "UNREACHABLE");
    assert.match((error.cause as Error).message, /self-signed certificate/);
    return true;
  });
  assert.equal(asked, 0);

  // Of a private authority, the root is made known to the process.
  const module = join(import.meta.dirname, "oidc-fetch.ts");
  const script = `import { boundedFetch } from ${JSON.stringify(module)};
    const ask = boundedFetch({ ms: 5000, bytes: 1024 });
    console.log((await ask("https://127.0.0.1:${port}/", { method: "GET", headers: {} })).status);`;
  const known = await exec([process.execPath, "--input-type=module", "-e", script], {
    env: { NODE_EXTRA_CA_CERTS: cert },
  });
  assert.equal(known.stdout, "200\n", known.stderr);
});

test("the provider's secret is shown as it asks for it", async (t) => {
  const asked = await begin(t);
  const seen: (string | undefined)[] = [];
  const look: Required<Lies>["answers"] = {
    "/token": (request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(500).end();
      void once(response, "close");
    },
  };
  await assert.rejects(login(asked, { answers: look }));
  // Form-encoded before it is base64 (RFC 6749, 2.3.1).
  const shown = Buffer.from(seen[0]?.replace(/^Basic /, "") ?? "", "base64").toString();
  assert.equal(decodeURIComponent(shown), `${client.id}:${client.secret}`);
  asked.issuer.lies = {
    description: (doc) => ({ ...doc, token_endpoint_auth_methods_supported: ["client_secret_post"] }),
  };
  const { login: kept } = await asked.provider.beginCode(redirect);
  asked.issuer.nonce = kept.nonce;
  asked.issuer.lies = {};
  await asked.provider.finishCode(kept, honest(kept));
  assert.equal(asked.issuer.forms.at(-1)?.get("client_secret"), client.secret);
});
