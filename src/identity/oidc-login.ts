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
import type { CodeLogin, ProvenClaims } from "./oidc-provider.ts";
import { requireLoopback } from "./oidc-redirect.ts";

export type BegunSso = { readonly login: string; readonly url: string; readonly expiresAt: string };

/** Throws INVALID_INPUT for a redirect to elsewhere than loopback, RATE_LIMITED, and what the provider throws. */
export function beginSso(
  sso: Sso,
  { redirect, address }: { readonly redirect: string; readonly address: string | null },
): Promise<BegunSso> {
  return beginAt(sso, redirect, { stage: "sso", address });
}

/** `query` is what the browser came back with. Throws UNAUTHENTICATED, DENIED, and what the provider throws. */
export async function finishSso(
  sso: Sso,
  { login, query, ...whence }: Whence & { readonly login: string; readonly query: string },
): Promise<LoginStep> {
  return endSso(sso, (await takeBack(sso, { stage: "sso", login, query })).proven, whence);
}

/** For `user`: to say who that is at the provider (oidc-links.ts). */
export async function beginAt(
  sso: Sso,
  redirect: string,
  about: { readonly stage: "sso" | "link"; readonly address: string | null; readonly user?: string },
): Promise<BegunSso> {
  requireLoopback(redirect);
  const { login, secret } = await reserveLogin(sso, { ...about, seconds: loginSeconds });
  try {
    const begun = await sso.provider.beginCode(redirect);
    if (!(await setLoginData(sso.store, login, sealLogin(sso, login, begun.login)))) throw notOpen();
    return { login: secret, url: begun.url, expiresAt: login.expiresAt };
  } catch (error) {
    await endLogin(sso.store, login.id);
    throw error;
  }
}

/** Whom the provider has proven, and for whom it was begun. Whatever comes of it, it is over: nothing is tried twice. */
export async function takeBack(
  sso: Sso,
  { stage, login: secret, query }: { readonly stage: "sso" | "link"; readonly login: string; readonly query: string },
): Promise<{ readonly proven: ProvenClaims; readonly user: string | null }> {
  const login = await findLogin(sso.store, secret, stage);
  const data = login === undefined ? undefined : (unsealLogin(sso, login) as CodeLogin | undefined);
  if (login === undefined || data === undefined || !(await endLogin(sso.store, login.id))) throw notOpen();
  return { proven: await sso.provider.finishCode(data, query), user: login.user };
}
