/** Joins the routes of single sign-on to their use cases: one line a route. */
import { AppError } from "#core/errors.ts";
import { askDevice, beginDevice } from "#identity/oidc-device.ts";
import type { Identity } from "#identity/identity.ts";
import type { Sso } from "#identity/oidc-end.ts";
import { beginOwnLink, finishOwnLink, linkUser, listLinks, unlinkUser } from "#identity/oidc-links.ts";
import { beginSso, finishSso } from "#identity/oidc-login.ts";
import type { UseCases } from "#server/use-cases.ts";
import { loginStep } from "./identity-views.ts";
import type { Oidc } from "./oidc.ts";

type SsoRoute =
  | "beginSso"
  | "finishSso"
  | "beginDevice"
  | "askDevice"
  | "beginLink"
  | "finishLink"
  | "listIdentities"
  | "linkIdentity"
  | "unlinkIdentity";

/** Throws UNAVAILABLE on a server without single sign-on. */
export function ssoUseCases(identity: Identity, oidc: Oidc | undefined): Pick<UseCases, SsoRoute> {
  const { store, masterKey } = identity;
  const sso = (): Sso => {
    if (oidc !== undefined) return { store, masterKey, settings: oidc.settings, provider: oidc.provider };
    throw new AppError("UNAVAILABLE", "This server has no single sign-on.", {
      hint: "Log in with a password or a token; its operator sets single sign-on up by HOP3_OIDC_ISSUER.",
    });
  };
  return {
    beginSso: ({ body, actor }) => beginSso(sso(), { redirect: body.redirect, address: actor.address }),
    finishSso: async ({ body, actor, headers }) =>
      loginStep(await finishSso(sso(), { ...body, actor, agent: headers["user-agent"] })),
    beginDevice: ({ actor }) => beginDevice(sso(), actor.address),
    askDevice: async ({ body, actor, headers }) => {
      const asked = await askDevice(sso(), { ...body, actor, agent: headers["user-agent"] });
      return "wait" in asked ? { wait: asked.wait, step: null } : { wait: null, step: loginStep(asked.step) };
    },
    beginLink: (call) => beginOwnLink(sso(), identity, call, call.body),
    finishLink: async (call) => ({
      user: call.principal.name,
      identities: await finishOwnLink(sso(), call, call.body),
    }),
    listIdentities: async ({ params, principal }) => ({
      user: params.user,
      identities: await listLinks(store, principal, params.user),
    }),
    linkIdentity: async (call) => {
      const { params, body } = call;
      const link = { name: params.user, issuer: sso().settings.issuer, ...body };
      return { user: params.user, identities: await linkUser(store, call, link) };
    },
    unlinkIdentity: async (call) => {
      const { params, query } = call;
      const link = { name: params.user, issuer: sso().settings.issuer, ...query };
      return { user: params.user, identities: await unlinkUser(store, call, link) };
    },
  };
}
