/**
 * A login by a browser on the person's own machine (RFC 8252): the client waits on its loopback, this server asks and checks
 * everything. What comes back through the browser is worth nothing without the secret that the client was told at the
 * begin, nor with the secret of another login.
 */
import { loginSeconds } from "#core/credential-limits.ts";
import { endLogin, findLogin, setLoginData } from "#store/logins.ts";
import type { Whence } from "./identity.ts";
import type { LoginStep } from "./login.ts";
import { endSso, type Sso } from "./oidc-end.ts";
import { notOpen, reserveLogin, sealLogin, unsealLogin } from "./oidc-open-logins.ts";
import type { CodeLogin } from "./oidc-provider.ts";
import { requireLoopback } from "./oidc-redirect.ts";

export type BegunSso = { readonly login: string; readonly url: string; readonly expiresAt: string };

/** Throws INVALID_INPUT for a redirect to elsewhere than loopback, RATE_LIMITED, and what the provider throws. */
export async function beginSso(
  sso: Sso,
  { redirect, address }: { readonly redirect: string; readonly address: string | null },
): Promise<BegunSso> {
  requireLoopback(redirect);
  const { login, secret } = await reserveLogin(sso, "sso", address, loginSeconds);
  try {
    const begun = await sso.provider.beginCode(redirect);
    if (!(await setLoginData(sso.store, login, sealLogin(sso, login, begun.login)))) throw notOpen();
    return { login: secret, url: begun.url, expiresAt: login.expiresAt };
  } catch (error) {
    await endLogin(sso.store, login.id);
    throw error;
  }
}

/** `query` is what the browser came back with. Throws UNAUTHENTICATED, DENIED, and what the provider throws. */
export async function finishSso(
  sso: Sso,
  { login: secret, query, ...whence }: Whence & { readonly login: string; readonly query: string },
): Promise<LoginStep> {
  const login = await findLogin(sso.store, secret, "sso");
  const data = login === undefined ? undefined : (unsealLogin(sso, login) as CodeLogin | undefined);
  // Whatever comes of it, it is over: nothing can be tried twice.
  if (login === undefined || data === undefined || !(await endLogin(sso.store, login.id))) throw notOpen();
  return endSso(sso, await sso.provider.finishCode(data, query), whence);
}
