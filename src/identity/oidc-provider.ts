/**
 * The provider as this server asks it: every exchange of a login, each checked by openid-client, which is loaded at the
 * first of them. Its description is read when a login begins and kept with that login, so a login ends at the provider that
 * it began at; its keys are read anew at the end of each, so a key that was changed meanwhile is known.
 */
import type * as Openid from "openid-client";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { isPlainLoopback, type BoundedFetch } from "./oidc-fetch.ts";
import { oidcRefusal } from "./oidc-refusal.ts";
import type { OidcSettings } from "./oidc-settings.ts";

/** What of the provider's description a login goes on with; JSON. */
export type ProviderFacts = Readonly<Record<(typeof factNames)[number], Openid.JsonValue | undefined>>;

const factNames = [
  "issuer",
  "authorization_endpoint",
  "token_endpoint",
  "jwks_uri",
  "userinfo_endpoint",
  "device_authorization_endpoint",
  "id_token_signing_alg_values_supported",
  "token_endpoint_auth_methods_supported",
  "authorization_response_iss_parameter_supported",
] as const;

/** Claims that the provider has signed, and those that it told over its own connection. */
export type ProvenClaims = { readonly issuer: string; readonly subject: string } & {
  readonly claims: Readonly<Record<string, unknown>>;
};

export type CodeLogin = {
  readonly facts: ProviderFacts;
  readonly redirect: string;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
};

export type DeviceLogin = { readonly facts: ProviderFacts; readonly deviceCode: string };

export type DeviceStart = DeviceLogin & {
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete: string | null;
  /** Seconds between two questions. */
  readonly interval: number;
  /** Seconds. */
  readonly expiresIn: number;
};

/** Each throws UNREACHABLE, TIMEOUT, UNAVAILABLE or UNAUTHENTICATED (oidc-refusal.ts). */
export type OidcProvider = {
  /** Reads the provider's description. */
  discover(): Promise<ProviderFacts>;
  /** Where the browser goes; all that must be remembered until it is back. */
  beginCode(redirect: string): Promise<{ readonly url: string; readonly login: CodeLogin }>;
  /** `query` is what the browser was sent back with. */
  finishCode(login: CodeLogin, query: string): Promise<ProvenClaims>;
  beginDevice(): Promise<DeviceStart>;
  /** One question; `slower` asks for five seconds more between two of them (RFC 8628, 3.5). */
  askDevice(login: DeviceLogin): Promise<ProvenClaims | "pending" | "slower">;
};

export type ProviderInput = {
  readonly settings: OidcSettings;
  /** The client's secret, as it is now. */
  readonly secret: () => string | undefined;
  readonly fetch: BoundedFetch;
};

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code";

export function createOidcProvider({ settings, secret, fetch }: ProviderInput): OidcProvider {
  const { issuer } = settings;

  const configure = (openid: typeof Openid, facts: ProviderFacts): Openid.Configuration => {
    const auth = clientAuth(openid, settings.clientAuth ?? usualAuth(facts), secret());
    const configuration = new openid.Configuration(
      definedOf(facts) as Openid.ServerMetadata,
      settings.clientId,
      {},
      auth,
    );
    configuration[openid.customFetch] = fetch;
    if (isPlainLoopback(issuer)) openid.allowInsecureRequests(configuration);
    // Else the signature would be left to TLS: the provider's own key counts, and `alg` none never does.
    openid.enableNonRepudiationChecks(configuration);
    return configuration;
  };

  const discover = async (openid: typeof Openid): Promise<ProviderFacts> => {
    const found = await openid.discovery(new URL(issuer), settings.clientId, {}, openid.None(), {
      [openid.customFetch]: fetch,
      execute: isPlainLoopback(issuer) ? [openid.allowInsecureRequests] : [],
    });
    const metadata = found.serverMetadata();
    // The library compares them as URLs; tokens, and who was linked to somebody, carry one spelling.
    if (metadata.issuer !== issuer)
      throw new AppError("UNREACHABLE", `${issuer} calls itself ${quote(metadata.issuer)}.`, {
        hint: "Set HOP3_OIDC_ISSUER to the issuer as the provider itself spells it.",
      });
    const facts = Object.fromEntries(factNames.map((name) => [name, metadata[name]])) as ProviderFacts;
    for (const name of ["token_endpoint", "jwks_uri"] as const) {
      if (typeof facts[name] !== "string") throw new AppError("UNREACHABLE", `${issuer} names no ${name}.`);
    }
    return facts;
  };

  const proven = async (
    openid: typeof Openid,
    configuration: Openid.Configuration,
    tokens: Openid.TokenEndpointResponse & Openid.TokenEndpointResponseHelpers,
  ): Promise<ProvenClaims> => {
    const claims = tokens.claims();
    if (claims === undefined) throw new AppError("UNAUTHENTICATED", "The provider sent no ID token.");
    requireAudience(claims, settings);
    // The library looks at it only where there are several audiences; errata 2 of OpenID Connect Core 3.1.3.7 always.
    if (claims.azp !== undefined && claims.azp !== settings.clientId)
      throw new AppError("UNAUTHENTICATED", "The provider's answer does not fit this login (azp).");
    const wanted = [
      "email",
      "preferred_username",
      ...(settings.groupsClaim === undefined ? [] : [settings.groupsClaim]),
    ];
    const asksMore =
      configuration.serverMetadata().userinfo_endpoint !== undefined && wanted.some((name) => !(name in claims));
    const told = asksMore ? await openid.fetchUserInfo(configuration, tokens.access_token, claims.sub) : {};
    return { issuer: claims.iss, subject: claims.sub, claims: { ...told, ...claims } };
  };

  /** Loads the library, and turns what goes wrong into our errors. */
  const ask = async <T>(work: (openid: typeof Openid) => Promise<T>): Promise<T> => {
    try {
      return await work(await import("openid-client"));
    } catch (thrown) {
      throw oidcRefusal(thrown, issuer);
    }
  };

  return {
    discover: () => ask(discover),
    beginCode: (redirect) =>
      ask(async (openid) => {
        const facts = await discover(openid);
        const verifier = openid.randomPKCECodeVerifier();
        const login = { facts, redirect, state: openid.randomState(), nonce: openid.randomNonce(), verifier };
        const url = openid.buildAuthorizationUrl(configure(openid, facts), {
          redirect_uri: redirect,
          scope: settings.scopes.join(" "),
          state: login.state,
          nonce: login.nonce,
          code_challenge: await openid.calculatePKCECodeChallenge(verifier),
          code_challenge_method: "S256",
        });
        if (url.protocol !== "https:" && !isPlainLoopback(url.href))
          throw new AppError("UNREACHABLE", `${issuer} has its login page where https does not lead.`);
        return { url: url.href, login };
      }),
    finishCode: ({ facts, redirect, state, nonce, verifier }, query) =>
      ask(async (openid) => {
        const configuration = configure(openid, facts);
        const back = new URL(redirect);
        back.search = query;
        const tokens = await openid.authorizationCodeGrant(configuration, back, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        });
        return proven(openid, configuration, tokens);
      }),
    beginDevice: () =>
      ask(async (openid) => {
        const facts = await discover(openid);
        if (facts.device_authorization_endpoint === undefined)
          throw new AppError("UNAVAILABLE", "This server's provider has no device login.", {
            hint: "Log in with --sso where there is a browser.",
          });
        const configuration = configure(openid, facts);
        const begun = await openid.initiateDeviceAuthorization(configuration, { scope: settings.scopes.join(" ") });
        return {
          facts,
          deviceCode: begun.device_code,
          userCode: begun.user_code,
          verificationUri: begun.verification_uri,
          verificationUriComplete: begun.verification_uri_complete ?? null,
          interval: begun.interval ?? 5,
          expiresIn: begun.expires_in,
        };
      }),
    askDevice: ({ facts, deviceCode }) =>
      ask(async (openid) => {
        const configuration = configure(openid, facts);
        try {
          const tokens = await openid.genericGrantRequest(configuration, deviceGrant, { device_code: deviceCode });
          return await proven(openid, configuration, tokens);
        } catch (error) {
          if (!(error instanceof openid.ResponseBodyError)) throw error;
          if (error.error === "authorization_pending") return "pending";
          if (error.error === "slow_down") return "slower";
          if (error.error === "access_denied") throw new AppError("UNAUTHENTICATED", "The login was refused.");
          if (error.error === "expired_token")
            throw new AppError("UNAUTHENTICATED", "The code has expired.", { hint: "Log in again." });
          throw error;
        }
      }),
  };
}

/** By what the provider takes; without a word of it, by what OpenID Connect says then (discovery, 3). */
function usualAuth({ token_endpoint_auth_methods_supported: methods }: ProviderFacts): "basic" | "post" {
  if (!Array.isArray(methods) || methods.includes("client_secret_basic")) return "basic";
  return methods.includes("client_secret_post") ? "post" : "basic";
}

function clientAuth(openid: typeof Openid, how: "basic" | "post", secret: string | undefined): Openid.ClientAuth {
  if (secret === undefined) return openid.None();
  return how === "post" ? openid.ClientSecretPost(secret) : openid.ClientSecretBasic(secret);
}

/** The library has seen that it is for this client, and by whom; who else it may be for is the operator's to say. */
function requireAudience({ aud }: Openid.IDToken, { clientId, audiences }: OidcSettings): void {
  const strangers = [aud].flat().filter((one) => one !== clientId && !audiences.includes(one));
  if (strangers.length === 0) return;
  throw new AppError("UNAUTHENTICATED", "The provider's answer does not fit this login (aud).", {
    hint: "The ID token is for others, too; the server's operator names those it trusts in HOP3_OIDC_AUDIENCE.",
  });
}

function definedOf(facts: ProviderFacts): Record<string, unknown> {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}
