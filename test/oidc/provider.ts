/**
 * A certified OpenID Connect provider on loopback, with its own login and consent pages: `oidc-provider`, as one would run
 * it. It can be ended and started again at the same address, with the same keys or with new ones.
 */
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { generateKeyPairSync } from "node:crypto";
// @ts-expect-error: the package brings no types
import { Provider } from "oidc-provider";

export const clientId = "hop3";
export const clientSecret = "an-oidc-secret-0123456789-0123456789";

/** Others with other ways to show who they are: the secret in the form, and none. */
export const postClientId = "hop3-post";
export const publicClientId = "hop3-public";

/** By login name, which is the subject, too: what the provider says of somebody. */
export type Accounts = Record<string, Readonly<Record<string, unknown>>>;

export type RunningProvider = {
  readonly issuer: string;
  /** May be changed at any time. */
  readonly accounts: Accounts;
  /** Method and path of every request, in order. */
  readonly asked: string[];
  /** Ends it; connections to it are refused from then on. */
  halt(): Promise<void>;
  /** Starts it again at its address; `keys` makes new ones. */
  startAgain(keys?: "new"): Promise<void>;
};

type Made = { callback(): RequestListener; on(event: string, heard: (...args: unknown[]) => void): void };
const makeProvider = Provider as new (issuer: string, configuration: object) => Made;

export async function startProvider(
  end: (work: () => Promise<void>) => void,
  options: { readonly port?: number; readonly features?: object; readonly ttl?: object } = {},
): Promise<RunningProvider> {
  const accounts: Accounts = {};
  const asked: string[] = [];
  let server: Server | undefined;
  let port = options.port ?? 0;
  let keys = newKeys();
  const start = async () => {
    server = createServer();
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
    const provider = new makeProvider(`http://127.0.0.1:${port}`, configuration({ accounts, keys, ...options }));
    const answer = provider.callback();
    server.on("request", (request, response) => {
      asked.push(`${request.method} ${request.url?.split("?")[0]}`);
      answer(request, response);
    });
  };
  const halt = async () => {
    const halted = server;
    server = undefined;
    halted?.closeAllConnections();
    if (halted !== undefined) await new Promise((resolve) => halted.close(resolve));
  };
  await start();
  end(halt);
  return {
    issuer: `http://127.0.0.1:${port}`,
    accounts,
    asked,
    halt,
    async startAgain(wanted) {
      await halt();
      if (wanted === "new") keys = newKeys();
      await start();
    },
  };
}

function newKeys(): object {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256" }] };
}

/** As docs/sso.md says to register one. */
function client(id: string, more: object): object {
  return {
    client_id: id,
    application_type: "native",
    redirect_uris: ["http://127.0.0.1/callback", "http://[::1]/callback"],
    response_types: ["code"],
    grant_types: ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
    ...more,
  };
}

function configuration({
  accounts,
  keys,
  features = {},
  ttl = {},
}: {
  accounts: Accounts;
  keys: object;
  features?: object;
  ttl?: object;
}): object {
  return {
    jwks: keys,
    clients: [
      client(clientId, { client_secret: clientSecret }),
      client(postClientId, { client_secret: clientSecret, token_endpoint_auth_method: "client_secret_post" }),
      client(publicClientId, { token_endpoint_auth_method: "none" }),
    ],
    pkce: { required: () => true },
    scopes: ["openid", "profile", "email", "groups"],
    claims: {
      openid: ["sub"],
      profile: ["preferred_username", "name"],
      email: ["email", "email_verified"],
      groups: ["groups"],
    },
    features: { devInteractions: { enabled: true }, deviceFlow: { enabled: true }, ...features },
    ttl: { DeviceCode: 600, ...ttl },
    cookies: { keys: ["a-cookie-key-of-the-tests"] },
    // Who is not listed cannot log in, however the login page takes any password.
    findAccount: (_: unknown, id: string) =>
      Object.hasOwn(accounts, id) ? { accountId: id, claims: async () => ({ sub: id, ...accounts[id] }) } : undefined,
  };
}
