/** Single sign-on of a real server, from its settings. */
import type { SystemCheck } from "#core/api/system.ts";
import { oidcCheck } from "#identity/oidc-check.ts";
import { boundedFetch, oidcLimits } from "#identity/oidc-fetch.ts";
import { createOidcProvider, type OidcProvider } from "#identity/oidc-provider.ts";
import type { OidcSettings } from "#identity/oidc-settings.ts";
import { readOidcSecret } from "./oidc-settings.ts";

export type Oidc = {
  readonly settings: OidcSettings;
  readonly provider: OidcProvider;
  check(): Promise<SystemCheck>;
};

/** Milliseconds: somebody waits for the other checks. */
const checkPatience = 3000;

/** Nothing is loaded or asked before somebody logs in or asks for the server's status. */
export function makeOidc(settings: OidcSettings | undefined): Oidc | undefined {
  if (settings === undefined) return undefined;
  const secret = () => readOidcSecret(settings);
  const within = (ms: number) => createOidcProvider({ settings, secret, fetch: boundedFetch({ ...oidcLimits, ms }) });
  return {
    settings,
    provider: within(oidcLimits.ms),
    check: () => oidcCheck(settings, within(checkPatience), secret),
  };
}
