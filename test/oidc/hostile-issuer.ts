/**
 * A small issuer on loopback that tells the truth until it is told to lie: for what no provider that is well would ever do.
 */
import { createHmac, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

type Claims = Record<string, unknown>;

export type Lies = {
  /** What it changes of its description. */
  description?: (honest: Claims) => unknown;
  /** What it changes of the claims of an ID token. */
  claims?: (honest: Claims) => Claims;
  /** How the ID token is signed; honest is with its own key. */
  signature?: "none" | "none, no third part" | "stranger's key" | "HS256 with the public key" | "HS256 with the secret";
  /** What it changes of the token endpoint's answer. */
  tokens?: (honest: Claims) => unknown;
  userinfo?: Claims;
  /** Takes a request over, by its path. */
  answers?: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>>;
};

export type HostileIssuer = {
  readonly issuer: string;
  lies: Lies;
  readonly asked: string[];
  /** The bodies that its token endpoint was sent. */
  readonly forms: URLSearchParams[];
  /** The nonce of the login that it is asked to end next. */
  nonce: string | undefined;
  newKey(): void;
};

const kid = "k1";

export async function startHostileIssuer(
  end: (work: () => Promise<void>) => void,
  client: { readonly id: string; readonly secret: string },
): Promise<HostileIssuer> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const strangers = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const self: HostileIssuer = {
    issuer,
    lies: {},
    asked: [],
    forms: [],
    nonce: undefined,
    newKey: () => (key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey),
  };

  const description = (): Claims => ({
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/me`,
    jwks_uri: `${issuer}/jwks`,
    device_authorization_endpoint: `${issuer}/device`,
    id_token_signing_alg_values_supported: ["RS256"],
    token_endpoint_auth_methods_supported: ["client_secret_basic"],
  });
  const idToken = (): string => {
    const now = Math.floor(Date.now() / 1000);
    const honest: Claims = { iss: issuer, aud: client.id, sub: "ada", iat: now, exp: now + 300, nonce: self.nonce };
    return signed(self.lies.claims?.(honest) ?? honest, { key, strangers, secret: client.secret }, self.lies.signature);
  };
  const json = (response: ServerResponse, body: unknown, status = 200) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const [path = ""] = (request.url ?? "").split("?");
    self.asked.push(path);
    const { lies } = self;
    const taken = lies.answers?.[path];
    if (taken !== undefined) return taken(request, response);
    if (path === "/.well-known/openid-configuration")
      return json(response, lies.description?.(description()) ?? description());
    if (path === "/jwks") {
      const jwk = createPublicKey(key).export({ format: "jwk" });
      return json(response, { keys: [{ ...jwk, kid, use: "sig", alg: "RS256" }] });
    }
    if (path === "/me") return json(response, { sub: "ada", ...lies.userinfo });
    if (path === "/token") {
      let form = "";
      request.on("data", (chunk: Buffer) => (form += chunk.toString()));
      return void request.on("end", () => {
        self.forms.push(new URLSearchParams(form));
        const honest = { access_token: "at", token_type: "Bearer", expires_in: 60, id_token: idToken() };
        json(response, lies.tokens?.(honest) ?? honest);
      });
    }
    if (path === "/device")
      return json(response, {
        device_code: "dc",
        user_code: "ABCD-EFGH",
        verification_uri: `${issuer}/enter`,
        expires_in: 600,
        interval: 5,
      });
    json(response, {}, 404);
  });
  end(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return self;
}

function signed(
  claims: Claims,
  keys: { readonly key: KeyObject; readonly strangers: KeyObject; readonly secret: string },
  how: Lies["signature"],
): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const alg = how?.startsWith("none") === true ? "none" : how?.startsWith("HS256") === true ? "HS256" : "RS256";
  const head = `${encode({ alg, kid, typ: "JWT" })}.${encode(claims)}`;
  switch (how) {
    case "none":
      return `${head}.`;
    case "none, no third part":
      return head;
    case "HS256 with the public key": {
      const pem = createPublicKey(keys.key).export({ format: "pem", type: "spki" });
      return `${head}.${createHmac("sha256", pem).update(head).digest("base64url")}`;
    }
    case "HS256 with the secret":
      return `${head}.${createHmac("sha256", keys.secret).update(head).digest("base64url")}`;
    default: {
      const key = how === "stranger's key" ? keys.strangers : keys.key;
      return `${head}.${sign("sha256", Buffer.from(head), key).toString("base64url")}`;
    }
  }
}
