/**
 * Who a user is at the provider: as an admin says it, or as the user shows it by logging in there. The only ways by which
 * somebody of the provider gets a user that exists.
 */
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { transaction, type Db } from "#store/db.ts";
import { identitiesOf, linkIdentity, unlinkIdentity, type Linked } from "#store/identities.ts";
import { revokeTokens } from "#store/tokens.ts";
import type { Asker, Identity } from "./identity.ts";
import type { Sso } from "./oidc-end.ts";
import { beginAt, type BegunSso, takeBack } from "./oidc-login.ts";
import { notOpen } from "./oidc-open-logins.ts";
import { personOf } from "./oidc-person.ts";
import { requireLoopback } from "./oidc-redirect.ts";
import { requireOwnPassword } from "./own-password.ts";
import type { Principal } from "./principal.ts";
import { tell } from "./tell.ts";
import { requireWhole, showUser } from "./users.ts";

export type Link = { readonly name: string; readonly issuer: string; readonly subject: string };

/** Of one user of one's own organisation. Throws NOT_FOUND. */
export async function listLinks(db: Db, by: Pick<Principal, "org">, name: string): Promise<Linked[]> {
  await showUser(db, by, name);
  return identitiesOf(db, name);
}

/** Throws NOT_FOUND, DENIED; CONFLICT for a subject that is somebody's already, and for a service account. */
export async function linkUser(
  db: Db,
  { principal, actor }: Asker,
  { name, issuer, subject }: Link,
): Promise<Linked[]> {
  requireWhole(principal);
  return transaction(db, async (tx) => {
    const { kind } = await showUser(tx, principal, name);
    if (kind === "service")
      throw new AppError("CONFLICT", `${quote(name)} is a service account, and logs in by tokens alone.`);
    await linkIdentity(tx, { issuer, subject, user: name });
    await tell(tx, actor, { action: "user.link", target: name, details: { issuer, subject } });
    return identitiesOf(tx, name);
  });
}

/** Ends the user's sessions: any of them may have come by it. Throws NOT_FOUND, DENIED. */
export async function unlinkUser(
  db: Db,
  { principal, actor }: Asker,
  { name, issuer, subject }: Link,
): Promise<Linked[]> {
  requireWhole(principal);
  return transaction(db, async (tx) => {
    await showUser(tx, principal, name);
    if (!(await unlinkIdentity(tx, issuer, subject, name)))
      throw new AppError("NOT_FOUND", `${quote(name)} is not ${quote(subject)} of ${issuer}.`, {
        hint: `\`hop3 user identities ${name}\` shows who it is.`,
      });
    const endedSessions = await revokeTokens(tx, { user: name, kind: "session", except: principal.credential.id });
    const details = { issuer, subject, endedSessions };
    await tell(tx, actor, { action: "user.unlink", target: name, details });
    return identitiesOf(tx, name);
  });
}

/**
 * One's own: with the password, for it is a new way in, which a session that somebody found must not open. Throws
 * UNAUTHENTICATED for a wrong one, CONFLICT without one, DENIED, and what a login by single sign-on throws.
 */
export async function beginOwnLink(
  sso: Sso,
  identity: Identity,
  by: Asker,
  { redirect, password }: { readonly redirect: string; readonly password: string },
): Promise<BegunSso> {
  requireWhole(by.principal);
  requireLoopback(redirect);
  await requireOwnPassword(identity, by, password);
  return beginAt(sso, redirect, { stage: "link", address: by.actor.address, user: by.principal.name });
}

/** Throws UNAUTHENTICATED, also when somebody else has begun it; CONFLICT when the subject is somebody's already; DENIED. */
export async function finishOwnLink(
  sso: Sso,
  { principal, actor }: Asker,
  { login, query }: { readonly login: string; readonly query: string },
): Promise<Linked[]> {
  requireWhole(principal);
  const { proven, user } = await takeBack(sso, { stage: "link", login, query });
  if (user !== principal.name) throw notOpen();
  const { issuer, subject } = personOf(proven, sso.settings);
  return transaction(sso.store, async (tx) => {
    await linkIdentity(tx, { issuer, subject, user });
    await tell(tx, actor, { action: "account.link", target: user, details: { issuer, subject } });
    return identitiesOf(tx, user);
  });
}
